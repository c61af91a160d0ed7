/** A sheet of frames with their joints drawn in, to judge a data set by eye. */
import type { Frame, FrameSet, RgbImage } from "../data/types";

const COLUMNS = 4;
const SHRINK = 2;
/** Thumb, index, middle, ring, pinky. */
const COLOURS = [
  [255, 92, 80],
  [255, 190, 60],
  [110, 225, 90],
  [80, 180, 255],
  [205, 120, 255],
] as const;

/** Draws a line of about `width` pixels into an image. */
function drawLine(
  image: RgbImage,
  from: readonly number[],
  to: readonly number[],
  colour: readonly number[],
  width: number,
): void {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const steps = Math.max(1, Math.ceil(2 * Math.max(Math.abs(dx), Math.abs(dy))));
  for (let s = 0; s <= steps; s++) {
    const [x, y] = [from[0] + (dx * s) / steps, from[1] + (dy * s) / steps];
    for (let row = Math.ceil(y - width / 2); row <= y + width / 2; row++) {
      for (let column = Math.ceil(x - width / 2); column <= x + width / 2; column++) {
        if (row < 0 || column < 0 || row >= image.height || column >= image.width) continue;
        image.data.set(colour, 3 * (row * image.width + column));
      }
    }
  }
}

/** Draws the 21 projected joints of a frame as five fingers into an image that is `shrink` times smaller. */
export function drawJoints({ joints3d, camera: [fx, fy, cx, cy] }: Frame, image: RgbImage, shrink: number): void {
  const at = (j: number): [number, number] => {
    const z = joints3d[3 * j + 2];
    return [((fx * joints3d[3 * j]) / z + cx) / shrink, ((fy * joints3d[3 * j + 1]) / z + cy) / shrink];
  };
  for (let finger = 0; finger < 5; finger++) {
    for (let i = 0; i < 4; i++) {
      const joint = 4 * finger + i + 1;
      drawLine(image, at(i === 0 ? 0 : joint - 1), at(joint), COLOURS[finger], 1);
      drawLine(image, at(joint), at(joint), COLOURS[finger], 3);
    }
  }
}

function shrunk({ width, height, data }: RgbImage): RgbImage {
  const small = {
    width: width / SHRINK,
    height: height / SHRINK,
    data: new Uint8Array((width * height * 3) / (SHRINK * SHRINK)),
  };
  for (let i = 0; i < small.data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % small.width, Math.floor(i / 3 / small.width)];
    let sum = 0;
    for (let k = 0; k < SHRINK * SHRINK; k++) {
      sum += data[3 * ((SHRINK * y + Math.floor(k / SHRINK)) * width + SHRINK * x + (k % SHRINK)) + (i % 3)];
    }
    small.data[i] = Math.round(sum / (SHRINK * SHRINK));
  }
  return small;
}

/** Up to `count` frames spread over a set, four in a row at half size, every second column with its joints. */
export async function contactSheet(set: FrameSet, count = 16): Promise<RgbImage> {
  const shown = Math.min(count, set.ids.length);
  const cells: RgbImage[] = [];
  for (let i = 0; i < shown; i++) {
    const frame = await set.read(set.ids[Math.floor((i * set.ids.length) / shown)]);
    const cell = shrunk(frame.rgb);
    if (i % 2 === 1) drawJoints(frame, cell, SHRINK);
    cells.push(cell);
  }
  const [{ width, height }] = cells;
  const rows = Math.ceil(shown / COLUMNS);
  const sheet = {
    width: COLUMNS * width,
    height: rows * height,
    data: new Uint8Array(COLUMNS * width * rows * height * 3),
  };
  cells.forEach((cell, i) => {
    for (let y = 0; y < height; y++) {
      const row = Math.floor(i / COLUMNS) * height + y;
      sheet.data.set(
        cell.data.subarray(3 * y * width, 3 * (y + 1) * width),
        3 * (row * sheet.width + (i % COLUMNS) * width),
      );
    }
  });
  return sheet;
}
