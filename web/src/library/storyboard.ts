import { queryOptions } from "@tanstack/react-query";
import { asProblem, Problem } from "@/api/problem";
import { parseStoryboard } from "@/lib/vtt";

/** Presigned addresses in it live for hours; half an hour is always safe. */
const FRESH_MS = 30 * 60_000;

/** The tiles of a storyboard at an address of ours. */
export const storyboardQuery = (url: string) =>
  queryOptions({
    queryKey: ["storyboard", url],
    staleTime: FRESH_MS,
    retry: false,
    queryFn: async ({ signal }) => {
      const answer = await fetch(url, { signal }).catch((error) => {
        throw asProblem(error);
      });
      if (!answer.ok) throw new Problem({}, answer.status);
      return parseStoryboard(await answer.text(), location.href);
    },
  });
