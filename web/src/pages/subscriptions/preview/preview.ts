import { ProblemError, type FieldProblem, type Preview } from '$lib/api';

/** The kinds of samples, in the order they are shown in. */
export const kinds = ['matched', 'not_matched', 'faulted'] as const;
export type Kind = (typeof kinds)[number];

/** How they are called. */
export const kindNames: Record<Kind, string> = {
  matched: 'Match',
  not_matched: 'Do not match',
  faulted: 'A filter fails',
};

/** What was found so far and what was found further back, together. */
export function together(newer: Preview, older: Preview): Preview {
  return {
    ...older,
    looked_at: newer.looked_at + older.looked_at,
    matched: newer.matched + older.matched,
    not_matched: newer.not_matched + older.not_matched,
    faulted: newer.faulted + older.faulted,
    newest_accepted_at: newer.newest_accepted_at ?? older.newest_accepted_at,
    samples: {
      matched: [...newer.samples.matched, ...older.samples.matched],
      not_matched: [...newer.samples.not_matched, ...older.samples.not_matched],
      faulted: [...newer.samples.faulted, ...older.samples.faulted],
    },
  };
}

/** The kind to look at first: what matches, if anything does. */
export function firstKind(preview: Preview): Kind {
  return kinds.find((kind) => preview.samples[kind].length > 0) ?? 'matched';
}

/** A refusal of a preview as one of the form: the draft lies one level deeper in what was sent. */
export function atTheForm(problem: ProblemError): ProblemError {
  const raised = (error: FieldProblem): FieldProblem =>
    error.pointer === undefined
      ? error
      : { ...error, pointer: error.pointer.replace(/^\/subscription(?=\/)/, '') };
  return new ProblemError(
    problem.status,
    problem.code,
    problem.title,
    problem.detail,
    problem.errors.map(raised),
  );
}
