// y = sum over k of weights_k terms_k; the gradient of a term is its weight times d_y.

function y(terms, weights) {
  let sum = 0;
  for (let k = 0; k < this.constants.count; k++) {
    sum += weights[k] * terms[k];
  }
  return sum;
}

function d_term(d_y) {
  return this.constants.weight * d_y[0];
}
