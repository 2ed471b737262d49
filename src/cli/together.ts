/** Options and inputs put together, with every problem of all of them. */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type Problem, RunRejected } from "../domain/Problem.ts"

/** A field, where its option was given. */
export const given = <A>(name: string, value: Option.Option<A>) => Option.isSome(value) ? { [name]: value.value } : {}

/** Something that was read and found good, or what is wrong with it. */
export type Read<A> = Either.Either<A, { readonly problems: Arr.NonEmptyReadonlyArray<Problem> }>

/** Both, or every problem of both. */
export const bothOf = <A, B>(one: Read<A>, other: Read<B>): Either.Either<readonly [A, B], RunRejected> => {
  if (Either.isLeft(one)) {
    const others = Either.isLeft(other) ? other.left.problems : []
    return Either.left(new RunRejected({ problems: Arr.appendAll(one.left.problems, others) }))
  }
  return Either.mapBoth(other, {
    onLeft: ({ problems }) => new RunRejected({ problems }),
    onRight: (right) => [one.right, right] as const
  })
}
