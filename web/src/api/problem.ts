/** What the API answers when it says no (RFC 9457), and what stands for no answer at all. */

export interface ProblemBody {
  code?: string;
  detail?: string;
  status?: number;
  request_id?: string;
  quota?: string;
  used?: number;
  limit?: number;
}

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly body: ProblemBody;

  constructor(body: ProblemBody, status: number) {
    super(body.detail ?? body.code ?? `HTTP ${status}`);
    this.name = "Problem";
    this.code = body.code ?? "internal_error";
    this.status = status;
    this.body = body;
  }
}

/** The API gave no answer: it, or the way to it, is down. */
export const UNREACHABLE = "unreachable";

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ code: UNREACHABLE, detail: String(error) }, 0);
}

/** What was asked for by an address: nobody typed a malformed one, so there is nothing at it.
 *
 * @throws Problem `not_found` where the API would call the address itself not valid.
 */
export async function atAddress<T>(asked: Promise<T>): Promise<T> {
  return asked.catch((error: unknown) => {
    const { code, body } = asProblem(error);
    if (code !== "invalid_request") throw error;
    throw new Problem({ ...body, code: "not_found" }, 404);
  });
}

/** Whether asking again may help. */
export function isPassing(error: unknown): boolean {
  const { status } = asProblem(error);
  return status === 0 || status === 408 || status === 429 || status >= 500;
}
