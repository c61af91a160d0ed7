// The error function, |error| <= 1.3e-7, and GELU on it: gelu(x) = x Phi(x), gelu'(x) = Phi(x) + x phi(x), with Phi and phi
// the normal distribution and its density. Hendrycks, Gimpel 2016; torch.nn.functional.gelu(approximate="none").
// Minimax fits: below 1 a polynomial in x^2, above 1 the form of Abramowitz, Stegun 7.1.26, 1 - q(t) exp(-x^2).

fn erf(x: f32) -> f32 {
  let z = min(abs(x), 4.0);
  let s = z * z;
  let below = z * ((((((7.64779662e-05 * s + -0.000794258821) * s + 0.00517978043) * s + -0.0268486115) * s + 0.112834308) * s + -0.376126061) * s + 1.12837916);
  let t = 1.0 / (1.0 + 0.4 * z);
  let above = 1.0 - exp(-s) * (((((-0.0328476655 * t + 0.7717971) * t + -0.468897838) * t + 0.594135627) * t + 0.125359177) * t + 0.0109944168);
  return select(-1.0, 1.0, x >= 0.0) * select(above, below, z < 1.0);
}

fn gelu(x: f32) -> f32 { return 0.5 * x * (1.0 + erf(x * 0.70710678)); }

fn gelu_derivative(x: f32) -> f32 {
  return 0.5 * (1.0 + erf(x * 0.70710678)) + x * 0.39894228 * exp(-0.5 * min(x * x, 200.0));
}
