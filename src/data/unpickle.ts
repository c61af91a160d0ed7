/**
 * Reads the pickles of data sets and of MANO files. Nothing a file names is ever looked up or run: a name outside the list
 * below is an error that says the name. Built on pickleparser, after `normalisePickle`.
 */
import { BufferReader, Parser } from "pickleparser";
import { DataError, messageOf } from "./data-error";
import { NdArray, NumpyDtype, PickledObject } from "./numpy";
import { bytesFromLatin1, latin1, normalisePickle } from "./pickle-normalise";
import { checkPickledTree } from "./pickle-tree";

const DEFAULT_MAX_BYTES = 64 << 20;

type Callable = (...args: unknown[]) => unknown;
type Constructor = new (...args: unknown[]) => object;

/** Python 2 strings are bytes; read them as characters 0 to 255, on every platform alike. */
class PickleReader extends BufferReader {
  override string(size: number, encoding: "ascii" | "utf-8"): string {
    if (encoding === "utf-8") return super.string(size, encoding);
    return latin1(this.bytes(size) as Uint8Array);
  }
}

function reconstruct(kind: unknown): object {
  if (typeof kind !== "function") throw new Error("an object is rebuilt from something that is not a class");
  return new (kind as Constructor)();
}

function encodeLatin1(text: unknown, encoding: unknown): Uint8Array {
  if (typeof text !== "string" || (encoding !== "latin1" && encoding !== "latin-1")) {
    throw new Error("bytes are encoded in another way than latin1");
  }
  return bytesFromLatin1(text);
}

function scalar(dtype: unknown, data: unknown): unknown {
  const array = new NdArray();
  array.__setstate__([1, [], dtype, false, data]);
  return array.dtype.startsWith("S") || array.dtype.startsWith("U") ? data : array.toFloat64()[0];
}

function fromBuffer(data: unknown, dtype: unknown, shape: unknown, order: unknown): NdArray {
  const array = new NdArray();
  array.__setstate__([1, shape, dtype, order === "F", data]);
  return array;
}

function dtypeOf(code: unknown): NumpyDtype {
  return new NumpyDtype(code);
}

/** A class that the file may make by NEWOBJ and that is kept as its attributes. */
function opaque(className: string): Constructor {
  return class extends PickledObject {
    constructor() {
      super(className);
    }
  };
}

/** Everything a pickle may name. Functions answer REDUCE, classes NEWOBJ. Frozen: a BUILD on one of them must not change it. */
function allowedNames(): ReadonlyMap<string, Callable | Constructor> {
  const names = new Map<string, Callable | Constructor>();
  const allow = (value: Callable | Constructor, ...keys: string[]): void => {
    Object.freeze(value);
    for (const key of keys) names.set(key, value);
  };
  allow(class extends NdArray {} as Constructor, "numpy ndarray");
  allow(dtypeOf, "numpy dtype");
  allow(
    reconstruct,
    "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct",
    "copy_reg _reconstructor",
    "copyreg _reconstructor",
  );
  allow(scalar, "numpy.core.multiarray scalar", "numpy._core.multiarray scalar");
  allow(fromBuffer, "numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer");
  allow(encodeLatin1, "_codecs encode");
  allow(() => new Uint8Array(0), "__builtin__ bytes", "builtins bytes");
  allow((items: unknown) => new Set(Array.isArray(items) ? items : []), "__builtin__ set", "builtins set");
  allow(opaque("object"), "__builtin__ object", "builtins object");
  allow(opaque("scipy.sparse.csc_matrix"), "scipy.sparse.csc csc_matrix", "scipy.sparse._csc csc_matrix");
  allow(opaque("chumpy.ch.Ch"), "chumpy.ch Ch", "chumpy Ch");
  allow(opaque("chumpy.reordering.Select"), "chumpy.reordering Select");
  return names;
}

/**
 * The value in a pickle of protocol 0 to 5: dictionaries as Map, lists and tuples as arrays, None as null, byte strings as
 * Uint8Array (short Python 2 ones as text), arrays as NdArray. `name` is the file, for the error.
 * Throws DataError with one sentence for a file that is too large, damaged, or that names anything outside the list.
 */
export function unpickle(bytes: Uint8Array, name: string, maxBytes = DEFAULT_MAX_BYTES): unknown {
  if (bytes.length > maxBytes) {
    throw new DataError(
      `${name}: the pickle has ${bytes.length} bytes, expected at most ${maxBytes}`,
      "pickle too large",
    );
  }
  const allowed = allowedNames();
  const parser = new Parser({
    unpicklingTypeOfDictionary: "Map",
    unpicklingTypeOfSet: "Set",
    nameResolver: {
      resolve: (module, global) => {
        const found = allowed.get(`${module} ${global}`);
        if (found !== undefined) return found;
        const full = printable(`${nameText(module)}.${nameText(global)}`);
        throw new DataError(
          `${name}: the pickle names "${full}", which is not among the numpy, scipy and chumpy names that a data file needs; the file was not read`,
          "pickle names something not allowed",
        );
      },
    },
  });
  try {
    const value = parser.read<unknown>(new PickleReader(normalisePickle(bytes)));
    checkPickledTree(value, bytes.length);
    return value;
  } catch (error) {
    if (error instanceof DataError) throw error;
    // The parser runs opcodes on whatever lies on its stack and stumbles over what is not there.
    const why = error instanceof TypeError || error instanceof RangeError ? "its opcodes do not fit" : messageOf(error);
    throw new DataError(`${name}: not a readable pickle (${why})`, "pickle damaged");
  }
}

const nameText = (part: unknown): string => (typeof part === "string" ? part : "(no text)");

/** At most 80 characters, those that would break or reorder a line as "?". */
function printable(text: string): string {
  return text.slice(0, 80).replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?");
}

/** The dictionary with text keys that a data file holds. Throws DataError otherwise. */
export function unpickleDictionary(bytes: Uint8Array, name: string): ReadonlyMap<string, unknown> {
  const value = unpickle(bytes, name);
  if (!(value instanceof Map)) throw new DataError(`${name}: the pickle does not hold a dictionary`, "pickle damaged");
  const decoder = new TextDecoder();
  return new Map(
    [...value].map(([key, item]) => [key instanceof Uint8Array ? decoder.decode(key) : String(key), item]),
  );
}
