import type { Problem } from './schema';

/** One thing that is wrong with a request: where, and what. */
export interface FieldProblem {
  pointer?: string;
  header?: string;
  parameter?: string;
  detail: string;
}

/** The one error of the API client: a problem+json answer, or what stood in its place. */
export class ProblemError extends Error {
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** From the API's closed list, `unreachable` when no answer came, `unknown` when the answer was no problem. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly FieldProblem[];

  constructor(
    status: number,
    code: string,
    title: string,
    detail: string,
    errors: readonly FieldProblem[] = [],
  ) {
    super(detail);
    this.name = 'ProblemError';
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
  }
}

/** Reads the error out of an answer, whatever a proxy on the way made of it. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const text = await response.text().catch(() => '');
  const body = parse(text);
  if (body?.code === undefined || body.detail === undefined) {
    const title = response.statusText || 'Unexpected answer';
    return new ProblemError(
      response.status,
      'unknown',
      title,
      `The answer was ${response.status}, not a problem document.`,
    );
  }
  return new ProblemError(
    response.status,
    body.code,
    body.title ?? response.statusText,
    body.detail,
    body.errors ?? [],
  );
}

/** Turns whatever was thrown into a `ProblemError`, so that pages show one kind of error. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ProblemError(0, 'unknown', 'Something went wrong', detail);
}

/**
 * Turns what a `fetch`, or the reading of its answer, threw into a `ProblemError`. Nobody else's TypeError means that no answer came: a
 * fault of the pages throws one too.
 */
export function asNoAnswer(error: unknown): ProblemError {
  if (!(error instanceof TypeError)) return asProblem(error);
  return new ProblemError(
    0,
    'unreachable',
    'No answer',
    'Waypost did not answer. Is it running, and is the network up?',
  );
}

function parse(text: string): Partial<Problem> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}
