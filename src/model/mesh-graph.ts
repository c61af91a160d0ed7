/** Graphs of the mesh's vertices as sparse matrices, built once on the host. */
import { type Csr, type CsrEntry, csrFromEntries } from "../ops/csr";

/**
 * A_hat = D^-1/2 (A + I) D^-1/2 of the mesh [V, V], A its edges, D the degrees of A + I (Kipf, Welling 2017, eq. 2).
 * Throws for a face with a vertex that is not in the mesh.
 */
export function normalizedAdjacency(faces: ArrayLike<number>, vertexCount: number): Csr {
  const neighbours = Array.from({ length: vertexCount }, (_, v) => new Set([v]));
  for (let f = 0; f < faces.length; f += 3) {
    for (let corner = 0; corner < 3; corner++) {
      const [from, to] = [faces[f + corner], faces[f + ((corner + 1) % 3)]];
      if (!(from < vertexCount && to < vertexCount)) {
        throw new Error(
          `normalizedAdjacency: face ${f / 3} names vertex ${Math.max(from, to)}, the mesh has ${vertexCount}`,
        );
      }
      neighbours[from].add(to);
      neighbours[to].add(from);
    }
  }
  return normalized(neighbours);
}

/**
 * The original's stand-in for a mesh it could not read: vertices i and i +- 1, i +- 2 in a ring, no self-loop, normalised by
 * degree. For the quirk `ring-adjacency`. Throws for fewer than 5 vertices.
 */
export function ringAdjacency(vertexCount: number): Csr {
  if (vertexCount < 5) throw new Error(`ringAdjacency: ${vertexCount} vertices, expected at least 5`);
  return normalized(
    Array.from(
      { length: vertexCount },
      (_, v) => new Set([-2, -1, 1, 2].map((step) => (v + step + vertexCount) % vertexCount)),
    ),
  );
}

function normalized(neighbours: readonly ReadonlySet<number>[]): Csr {
  const entries = neighbours.flatMap((row, v) =>
    Array.from(row, (to): CsrEntry => [v, to, 1 / Math.sqrt(row.size * neighbours[to].size)]),
  );
  return csrFromEntries(neighbours.length, neighbours.length, entries);
}
