/**
 * The proof, in the strictest form in which it holds. A system may have PID
 * namespaces, and Codex's sandbox yet not work inside one; a Codex may have a
 * sandbox, and yet not keep its commands from reading. Runs go by what was
 * proven.
 */
import * as Effect from "effect/Effect"
import type { Containment } from "../process/containment.ts"
import { type ProofSubject, proveGate } from "./proof.ts"
import type { ProofOutcome } from "./proofJudge.ts"

export interface StrictestOutcome extends ProofOutcome {
  /** What went wrong in the namespace that was offered; null where nothing did, or none was. */
  readonly notContained: string | null
  /** Why commands can't be kept from reading; empty where they were. */
  readonly openReads: ReadonlyArray<string>
}

const troubles = ({ gate, sandbox }: ProofOutcome): ReadonlyArray<string> => [...sandbox, ...gate]

/** As {@link proveGate} does, again with less where that helps; `folder` is there already. */
export const proveStrictest = Effect.fn("Gate.proveStrictest")(
  function*(subject: Omit<ProofSubject, "containment" | "confined">, offer: Containment, folder: string) {
    const inForm = Effect.fnUntraced(function*(containment: Containment, name: string) {
      const confined = yield* proveGate({ ...subject, containment, confined: true }, `${folder}/${name}-confined`)
      const openReads = [...confined.gate, ...confined.sandbox, ...confined.reads]
      if (openReads.length === 0) return { ...confined, openReads }
      // Without confined reads it may hold all the same.
      const open = yield* proveGate({ ...subject, containment, confined: false }, `${folder}/${name}-open`)
      return { ...open, openReads }
    })
    const offered = yield* inForm(offer, "offered")
    const [trouble] = troubles(offered)
    if (trouble === undefined || offer._tag === "Group") {
      return { ...offered, notContained: null } satisfies StrictestOutcome
    }
    const group: Containment = { _tag: "Group", reason: "" }
    return { ...(yield* inForm(group, "group")), notContained: trouble } satisfies StrictestOutcome
  }
)

/** How Codex is held together in a run, by what the proof said of the offer. */
export const heldBy = (offer: Containment, notContained: string | null): Containment =>
  notContained === null ? offer : { _tag: "Group", reason: `Codex does not hold in a PID namespace (${notContained})` }
