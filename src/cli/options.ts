/** Options whose errors name the option; the library's own name the value alone. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import { quotedShort } from "../domain/quoted.ts"

const refuse = (name: string, expected: string, got: string) =>
  Effect.fail(ValidationError.invalidValue(HelpDoc.p(`--${name}: expected ${expected}, got ${quotedShort(got)}`)))

/** Its range is the configuration's matter. */
export const wholeNumber = (name: string): Options.Options<number> =>
  Options.text(name).pipe(
    Options.mapEffect((text) =>
      /^\d{1,9}$/.test(text) ? Effect.succeed(Number(text)) : refuse(name, "a whole number", text)
    )
  )

export const oneOf = <Value extends string>(
  name: string,
  values: readonly [Value, Value, ...ReadonlyArray<Value>]
): Options.Options<Value> =>
  Options.text(name).pipe(
    Options.mapEffect((text) => {
      const value = values.find((known) => known === text)
      return value === undefined ? refuse(name, `one of ${values.join(", ")}`, text) : Effect.succeed(value)
    }),
    Options.withPseudoName(values.join("|"))
  )
