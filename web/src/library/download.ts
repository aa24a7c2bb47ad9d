/** Browsers take downloads one after another; one that starts too soon replaces the one before. */
const BETWEEN_MS = 700;

/** Download the processed files of videos. */
export async function download(ids: readonly string[]): Promise<void> {
  for (const [place, id] of ids.entries()) {
    if (place > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    const link = document.createElement("a");
    link.href = `/api/videos/${id}/download/processed`;
    link.download = "";
    link.click();
  }
}
