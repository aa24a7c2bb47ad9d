/** The typed client: paths and models come from the OpenAPI document (`npm run generate`). */

import createClient from "openapi-fetch";
import { asProblem, Problem, type ProblemBody } from "./problem";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Account = Schemas["Account"];
export type Video = Schemas["Video"];
export type VideoState = Schemas["VideoState"];
export type Profile = Schemas["Profile"];
export type VideoMap = Schemas["VideoMap"];
export type MapTask = VideoMap["tasks"][number];
export type Renditions = Schemas["Renditions"];
export type StoredEvent = Schemas["StoredEvent"];
export type Share = Schemas["Share"];
export type SharedVideo = Schemas["SharedVideo"];
export type Overview = Schemas["Overview"];
export type History = Schemas["History"];
export type AdminUser = Schemas["User"];
export type Quota = Schemas["AccountQuota"];
export type UserSession = Schemas["Session"];
export type Usage = Schemas["Usage"];

/** A cookie alone must not be enough to change something: see `csrf` in the API's problems. */
export const HEADERS = { "X-Carrete-Client": "web" };

/** Told when the session has ended under us. */
export const sessionLost = new EventTarget();

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  headers: HEADERS,
  credentials: "same-origin",
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's data.
 *
 * @throws Problem when the API says no, or gives no answer.
 */
export async function take<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw asProblem(error);
  }
  const { data, error, response } = answer;
  if (response.ok) return data as T;
  const body = typeof error === "object" && error !== null ? (error as ProblemBody) : {};
  const problem = new Problem(body, response.status);
  if (problem.code === "unauthenticated") sessionLost.dispatchEvent(new Event("lost"));
  throw problem;
}
