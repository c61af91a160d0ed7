// a [rows, a_channels] beside b [rows, b_channels]; each gradient is its columns of d_y.

function y(a, b) {
  if (this.thread.x < this.constants.a_channels) {
    return a[this.thread.y * this.constants.a_channels + this.thread.x];
  }
  return b[this.thread.y * this.constants.b_channels + this.thread.x - this.constants.a_channels];
}

function d_part(d_y) {
  return d_y[
    this.thread.y * (this.constants.a_channels + this.constants.b_channels) + this.constants.offset + this.thread.x
  ];
}
