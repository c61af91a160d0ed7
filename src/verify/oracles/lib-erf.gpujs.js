// The error function by its series of positive terms, which no cancellation troubles:
// erf(x) = 2 / sqrt(pi) exp(-x^2) (x + 2 x^3 / 3 + 4 x^5 / 15 + ...), each term 2 x^2 / (2 n + 1) of the one before.

function error_function(x) {
  let term = x;
  let total = x;
  for (let n = 1; n < 80; n++) {
    term = (term * 2 * x * x) / (2 * n + 1);
    total += term;
  }
  return total * Math.exp(-x * x) * 1.1283791670955126;
}

// Derivative of x Phi(x): Phi(x) + x times the density of the normal distribution.
function gelu_slope(x) {
  return 0.5 * (1 + error_function(x * 0.7071067811865476)) + x * 0.3989422804014327 * Math.exp(-0.5 * x * x);
}
