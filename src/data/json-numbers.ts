/**
 * A JSON list of lists of points, as HO-3D's evaluation_xyz.json and evaluation_verts.json. The latter has 500 MB and more,
 * beyond the longest string of a JavaScript engine, so the bytes are read without ever becoming text.
 */
import { DataError } from "./data-error";

const [OPEN, CLOSE, COMMA, MINUS, PLUS, POINT, ZERO] = [0x5b, 0x5d, 0x2c, 0x2d, 0x2b, 0x2e, 0x30];
const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** [[[x, y, z], ... `points` of them], ... `rows` of them] to a flat array. Throws DataError naming the file for any other shape. */
export function parsePoints(bytes: Uint8Array, rows: number, points: number, name: string): Float32Array {
  const out = new Float32Array(rows * points * 3);
  const bad = (what: string): DataError =>
    new DataError(`${name}: ${what}, expected ${rows} lists of ${points} points with 3 numbers each`);
  let depth = 0;
  let count = 0;
  let at = 0;
  const digits = (): { value: number; length: number } => {
    const from = at;
    let value = 0;
    while (isDigit(bytes[at])) value = value * 10 + (bytes[at++] - ZERO);
    return { value, length: at - from };
  };
  const number = (): number => {
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const whole = digits();
    let value = whole.value;
    if (bytes[at] === POINT) {
      at++;
      const fraction = digits();
      value += fraction.value / 10 ** fraction.length;
    }
    if (whole.length === 0) throw bad(`byte ${at} is not part of a number`);
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      at++;
      const sign = bytes[at] === MINUS ? -1 : 1;
      if (bytes[at] === MINUS || bytes[at] === PLUS) at++;
      value *= 10 ** (sign * digits().value);
    }
    return negative ? -value : value;
  };
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === OPEN) {
      if (++depth > 3) throw bad(`lists are nested ${depth} deep`);
      at++;
    } else if (byte === CLOSE) {
      const per = depth === 3 ? 3 : depth === 2 ? points * 3 : rows * points * 3;
      if (depth === 0 || count % per !== 0) throw bad(`a list ends at byte ${at} after ${count} numbers`);
      depth--;
      at++;
    } else if (byte === COMMA || isSpace(byte)) at++;
    else {
      if (depth !== 3 || count >= out.length) throw bad(`number ${count + 1} stands at byte ${at}`);
      out[count++] = number();
    }
  }
  if (depth !== 0 || count !== out.length) throw bad(`the file holds ${count} numbers`);
  return out;
}
