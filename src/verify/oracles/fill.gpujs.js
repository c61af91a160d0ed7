// Every number the same.

function y() {
  return this.constants.value;
}
