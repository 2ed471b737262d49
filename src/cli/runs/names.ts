/** Arguments that name runs and tasks, and the flags that lead to them. */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { CodexRunner } from "../../CodexRunner.ts"
import { RunnerConfig } from "../../config/RunnerConfig.ts"
import { configOption, loadConfiguration, repoOption } from "../inRepository.ts"

export const runArg = Args.text({ name: "run" }).pipe(
  Args.withDescription("The run: its id, the start of it, or last.")
)

export const taskArg = (meaning: string) =>
  Args.text({ name: "task" }).pipe(Args.withDescription(meaning), Args.optional)

export const placeOptions = { repo: repoOption, config: configOption }

export const jsonOption = Options.boolean("json").pipe(Options.withDescription("As JSON on standard output."))

export interface PlaceFlags {
  readonly repo: Option.Option<string>
  readonly config: Option.Option<string>
}

/** Everything that is told of runs, with the configuration that the flags lead to. */
export const withRuns = <A, E, R>(
  { config: file }: Pick<PlaceFlags, "config">,
  use: Effect.Effect<A, E, R>
) =>
  Effect.flatMap(
    loadConfiguration(file),
    (config) => Effect.provide(use, CodexRunner.layerHost.pipe(Layer.provide(Layer.succeed(RunnerConfig, config))))
  )
