/** The store, for components that would otherwise pass it on through many others. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Store } from "./store";

const StoreContext = createContext<Store | undefined>(undefined);

/** Wraps the app: `<StoreProvider value={store}>`. */
export const StoreProvider = StoreContext.Provider;

/** The store of the surrounding app. Throws outside of `StoreProvider`. */
export function useStore(): Store {
  const store = useContext(StoreContext);
  if (store === undefined) throw new Error("useStore: there is no StoreProvider around this component");
  return store;
}
