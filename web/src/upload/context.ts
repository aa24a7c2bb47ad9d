/** The uploader, loaded when it is first needed. */

import { createContext, useContext } from "react";
import type { Uploads } from "./manager";
import type { Picked } from "./pick";

export interface Uploading {
  /** There once something was uploaded, or an earlier page left something. */
  readonly uploads: Uploads | null;
  readonly add: (picked: readonly Picked[]) => Promise<void>;
  readonly choose: () => void;
}

export const UploadContext = createContext<Uploading>({
  uploads: null,
  add: async () => undefined,
  choose: () => undefined,
});

export function useUploading(): Uploading {
  return useContext(UploadContext);
}
