/** The code that puts a shared video into another page. Pure. */

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (mark) => ESCAPES[mark] ?? mark);
}

export function embedCode(
  url: string,
  video: { readonly name: string; readonly width: number | null; readonly height: number | null },
): string {
  const ratio = `${video.width ?? 16} / ${video.height ?? 9}`;
  return (
    `<iframe src="${escaped(url)}" title="${escaped(video.name)}" ` +
    `style="width: 100%; aspect-ratio: ${ratio}; border: 0" ` +
    `allow="fullscreen; picture-in-picture" loading="lazy"></iframe>`
  );
}
