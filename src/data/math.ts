/**
 * Elementary functions that give the same bits on every machine. IEEE 754 fixes + - * / and sqrt, but not
 * sin, cos, log and atan2, which differ between JavaScript engines (and Python) in the last bits. Whatever decides
 * training data therefore uses these, and a twin in another language repeats them line by line, without fused
 * multiply-add.
 */

// pi / 2 in three parts whose leading parts end in zero bits, so that k * part is exact for |k| < 2^20.
const HALF_PI_HIGH = 1.5707963267341256; // 33 leading bits
const HALF_PI_MIDDLE = 6.077100506303966e-11; // the next 33 bits
const HALF_PI_LOW = 2.0222662487959506e-21;
const LN2_HIGH = 0.6931471804855391; // 33 leading bits
const LN2_LOW = 7.440617109802979e-11;
const LARGEST_ANGLE = 1e6;

/** Taylor series of sin, |x| <= pi / 4: the first dropped term is below 1e-19. */
function sinSmall(x: number): number {
  const x2 = x * x;
  let sum = 0;
  for (let n = 17; n >= 3; n -= 2) sum = ((1 - sum) * x2) / (n * (n - 1));
  return x - x * sum;
}

/** Taylor series of cos, |x| <= pi / 4. */
function cosSmall(x: number): number {
  const x2 = x * x;
  let sum = 0;
  for (let n = 18; n >= 2; n -= 2) sum = ((1 - sum) * x2) / (n * (n - 1));
  return 1 - sum;
}

function sinOfQuadrant(x: number, shift: number, name: string): number {
  if (!(Math.abs(x) <= LARGEST_ANGLE)) {
    throw new RangeError(`${name}: found the angle ${x}, expected a finite angle of at most ${LARGEST_ANGLE} rad`);
  }
  const k = Math.floor(x / (Math.PI / 2) + 0.5);
  const r = x - k * HALF_PI_HIGH - k * HALF_PI_MIDDLE - k * HALF_PI_LOW;
  const quadrant = (((k + shift) % 4) + 4) % 4;
  const value = quadrant % 2 === 0 ? sinSmall(r) : cosSmall(r);
  return quadrant < 2 ? value : -value;
}

/** Sine of x in radians, |x| <= 1e6, the same bits everywhere, within about 1 unit in the last place near pi multiples of small order. */
export function sin(x: number): number {
  return sinOfQuadrant(x, 0, "sin");
}

/** Cosine of x in radians, |x| <= 1e6, the same bits everywhere. */
export function cos(x: number): number {
  return sinOfQuadrant(x, 1, "cos");
}

/** Natural logarithm of a finite x > 0, the same bits everywhere: x = m 2^e, log m = 2 atanh((m - 1) / (m + 1)). */
export function log(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY))
    throw new RangeError(`log: found ${x}, expected a finite number above 0`);
  let m = x;
  let e = 0;
  for (; m < Math.SQRT1_2; e--) m *= 2;
  for (; m > Math.SQRT2; e++) m /= 2;
  const s = (m - 1) / (m + 1);
  const s2 = s * s;
  let sum = 0;
  for (let n = 23; n >= 1; n -= 2) sum = sum * s2 + 1 / n;
  return e * LN2_HIGH + (2 * s * sum + e * LN2_LOW);
}

/** Arc tangent on [0, 1]: the argument is halved in angle three times, then the power series. */
function atanUnit(t: number): number {
  let x = t;
  for (let i = 0; i < 3; i++) x = x / (1 + Math.sqrt(1 + x * x));
  const x2 = x * x;
  let sum = 0;
  for (let n = 17; n >= 1; n -= 2) sum = 1 / n - sum * x2;
  return 8 * x * sum;
}

/** Angle of the point (x, y) in (-pi, pi], 0 for (0, 0), the same bits everywhere. */
export function atan2(y: number, x: number): number {
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  if (ax === 0 && ay === 0) return 0;
  let angle = ay <= ax ? atanUnit(ay / ax) : Math.PI / 2 - atanUnit(ax / ay);
  if (x < 0) angle = Math.PI - angle;
  return y < 0 ? -angle : angle;
}
