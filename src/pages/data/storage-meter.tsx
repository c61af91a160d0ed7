import { gigabytes } from "../../data/import-plan";
import type { StoreUsage } from "../../data/shards/types";

/** Room in this browser's storage, and whether it promised to keep what is there. */
export function StorageMeter({ usage }: { readonly usage: StoreUsage | undefined }) {
  if (usage === undefined) return <div class="storage" aria-hidden="true" />;
  const { usedBytes, quotaBytes, persisted } = usage;
  const share = quotaBytes === undefined || quotaBytes === 0 ? undefined : Math.min(1, usedBytes / quotaBytes);
  return (
    <div class="storage">
      <p class="storage-text">
        <span>Storage</span>
        <span class="num">
          {gigabytes(usedBytes)}
          {quotaBytes !== undefined && <span class="dim"> of {gigabytes(quotaBytes)}</span>}
        </span>
      </p>
      {share !== undefined && (
        <div
          class="progress-track"
          role="img"
          aria-label={`${gigabytes(usedBytes)} of ${gigabytes(quotaBytes ?? 0)} in use`}
        >
          <div
            class="progress-fill"
            data-full={share > 0.9}
            style={{ transform: `scaleX(${Math.max(share, usedBytes > 0 ? 0.005 : 0)})` }}
          />
        </div>
      )}
      {persisted !== undefined && (
        <p class="hint">
          {persisted
            ? "Persistent: the browser keeps it."
            : "Not persistent: when the disk fills up, the browser may empty it. An import asks for more."}
        </p>
      )}
    </div>
  );
}
