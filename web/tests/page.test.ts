import { describe, expect, it } from "vitest";
import { deviceName } from "@/account/device";
import { atAddress, Problem } from "@/api/problem";
import { pickLanguage } from "@/i18n";
import { en } from "@/i18n/en";
import { es } from "@/i18n/es";
import { ago, bitRate, bytes, clock, pictureName, span } from "@/lib/format";
import { columnsFor } from "@/library/columns";
import { between } from "@/library/selection";
import { countViews, listingOf, readSearch } from "@/library/views";
import openapi from "../openapi.json";

describe("the library's address", () => {
  it("keeps what is understood and leaves out the defaults", () => {
    expect(readSearch({ q: 2024, view: "ready", sort: "name", other: 1 })).toEqual({
      q: "2024",
      view: "ready",
      sort: "name",
    });
    expect(readSearch({ q: "", view: "constructor", sort: "-created_at" })).toEqual({});
    expect(readSearch({ q: "x".repeat(999) }).q).toHaveLength(200);
  });

  it("says which states are asked for", () => {
    expect(listingOf({ view: "working" }).states).toEqual(["uploading", "queued", "processing"]);
    expect(listingOf({})).toEqual({ q: "", states: [], sort: "-created_at" });
  });

  it("counts each tab", () => {
    expect(countViews({ ready: 3, queued: 1, canceled: 2 })).toEqual({
      all: 6,
      working: 1,
      ready: 3,
      failed: 2,
    });
  });
});

describe("choosing", () => {
  it("takes all between two, in either direction, and one alone when the other is gone", () => {
    expect(between(["a", "b", "c", "d"], "d", "b")).toEqual(["b", "c", "d"]);
    expect(between(["a", "b"], "x", "b")).toEqual(["b"]);
  });

  it("puts one frame in a row on a phone and more on a desk", () => {
    expect([328, 736, 1232].map(columnsFor)).toEqual([1, 2, 4]);
  });
});

describe("figures", () => {
  const plain = (text: string) => text.replaceAll(/\s/g, " ");

  it("are written in the reader's language", () => {
    expect(plain(bytes(1_234_567, "en"))).toBe("1.23 MB");
    expect(plain(bytes(1_234_567, "es"))).toBe("1,23 MB");
    expect(plain(bytes(999_999, "en"))).toBe("1 MB");
    expect(plain(bytes(1, "en"))).toBe("1 byte");
    expect(plain(bitRate(4_630_000, "es"))).toBe("4,6 Mbit/s");
    expect(plain(span(75 * 60, "en"))).toBe("1 hr 15 min");
    expect(ago("2026-03-01T12:00:00Z", Date.parse("2026-03-01T12:03:10Z"), "es")).toBe(
      "hace 3 minutos",
    );
  });

  it("name times and pictures as players do", () => {
    expect([5, 65, 3_725.4].map(clock)).toEqual(["0:05", "1:05", "1:02:05"]);
    expect(pictureName(1080, 1920)).toBe("1080p");
  });

  it("call a session by its browser, and other programs by their own name", () => {
    const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    expect(deviceName(firefox)).toBe("Firefox · Linux");
    expect(deviceName("carrete/0.1")).toBe("carrete/0.1");
  });
});

describe("problems", () => {
  /** Codes that only a broken client gets, which read as a fault of ours. */
  const OURS = new Set(["csrf", "method_not_allowed", "quota_exceeded"]);

  it("with an address mean that nothing is there, whether it is unknown or malformed", async () => {
    const answer = (code: string, status: number) =>
      atAddress(Promise.reject(new Problem({ code, request_id: "r1" }, status))).catch(
        (problem: Problem) => [problem.code, problem.status, problem.body.request_id],
      );
    expect(await answer("invalid_request", 422)).toEqual(["not_found", 404, "r1"]);
    expect(await answer("not_found", 404)).toEqual(["not_found", 404, "r1"]);
    expect(await answer("internal_error", 500)).toEqual(["internal_error", 500, "r1"]);
  });

  it("of every kind that the API has are put into words", () => {
    const codes = JSON.stringify(openapi).matchAll(/"urn:carrete:problem:(\w+)"/g);
    const missing = [...new Set([...codes].map((found) => found[1] ?? ""))].filter(
      (code) => !OURS.has(code) && !Object.hasOwn(en.problems, code),
    );
    expect(missing).toEqual([]);
  });
});

type Tree = { readonly [key: string]: string | Tree };

function flat(tree: Tree, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const here = path ? `${path}.${key}` : key;
    return typeof value === "string" ? [[here, value] as [string, string]] : flat(value, here);
  });
}

describe("languages", () => {
  const english = new Map(flat(en));
  const spanish = new Map(flat(es as Tree));

  it("have the same keys", () => {
    expect([...spanish.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it("have a text for each, with the same values in it", () => {
    const values = (text = "") =>
      [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]).sort();
    for (const [key, text] of english) {
      expect(spanish.get(key), key).toBeTruthy();
      expect(values(spanish.get(key)), key).toEqual(values(text));
    }
  });

  it("are chosen by the person, then by the browser, and are English for all others", () => {
    expect(pickLanguage(null, ["es-MX", "en"])).toBe("es");
    expect(pickLanguage("en", ["es"])).toBe("en");
    expect(pickLanguage("xx", ["fr", "de"])).toBe("en");
  });
});
