/** A run that can't be had: by its name, or because somebody is at it. */
import * as Schema from "effect/Schema"
import { RunId } from "../domain/Task.ts"

/** The id of a new run is taken. */
export class RunExists extends Schema.TaggedError<RunExists>()("RunExists", { run_id: RunId }) {
  override get message(): string {
    return `run "${this.run_id}" exists already, with another request. Choose another run_id.`
  }
}

/** Another process is at the run. */
export class RunBusy extends Schema.TaggedError<RunBusy>()("RunBusy", { run_id: RunId }) {
  override get message(): string {
    return `run "${this.run_id}" is running, in another process or in this one.`
  }
}
