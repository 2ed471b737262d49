/**
 * The server as a process on standard input and output. Its life ends with its
 * client's, in whatever way that goes: end of input, a broken pipe, a signal.
 */
import { ErrorCode } from "@modelcontextprotocol/sdk/types.js"
import type { Engine, EngineOptions } from "./engine.ts"
import { boundedLines, maxLineBytes, requestIdOf, type TooLong } from "./lines.ts"
import type { Options } from "./options.ts"
import { makeServer } from "./server.ts"
import { lineTransport } from "./transport.ts"

export interface Process {
  readonly stdin: NodeJS.ReadableStream
  /** Carries the protocol, and nothing else ever. */
  readonly stdout: NodeJS.WriteStream
  readonly tell: (line: string) => void
  readonly onSignal: (signal: NodeJS.Signals, then: () => void) => void
  readonly exit: (code: number) => void
  readonly platform: () => Promise<EngineOptions["platform"]>
}

/** A client kills a server that is still there two seconds after the end of its input. */
const longestFarewellMs = 1500

export const serve = async (options: Options, host: Process): Promise<void> => {
  let engine: Promise<Engine> | undefined
  const server = makeServer(() => engine ??= load(options, host))

  let ending = false
  const end = (why: string, code: number): void => {
    if (ending) return
    ending = true
    host.tell(why)
    // Whatever happens now, it is over in time.
    setTimeout(() => host.exit(code), longestFarewellMs)
    const farewell = engine?.then(({ abandon }) => abandon())
    void Promise.allSettled([farewell, server.close()]).then(() => host.exit(code))
  }

  host.onSignal("SIGTERM", () => end("ended by SIGTERM", 0))
  host.onSignal("SIGHUP", () => end("ended by SIGHUP", 0))
  host.onSignal("SIGINT", () => end("ended by SIGINT", 130))
  host.stdout.on("error", () => end("the client reads no more", 0))

  const input = boundedLines((line) => {
    host.tell(`a message of ${line.bytes} bytes was left out: ${maxLineBytes} are the most`)
    void server.transport?.send(refusal(line))
  })
  // What came before the end is answered still, where that takes no time.
  const gone = () => setImmediate(() => end("the client is gone", 0))
  input.once("end", gone)
  for (const event of ["close", "error"]) host.stdin.once(event, gone)

  server.onerror = ({ message }) => host.tell(`a message could not be read: ${message.slice(0, 300)}`)
  await server.connect(lineTransport(host.stdin.pipe(input), host.stdout))
}

const refusal = (line: TooLong) => {
  const id = requestIdOf(line)
  const message = `The message has ${line.bytes} bytes; ${maxLineBytes} are the most. Send less at once.`
  return {
    jsonrpc: "2.0" as const,
    ...(id === undefined ? {} : { id }),
    error: { code: ErrorCode.InvalidRequest, message }
  }
}

const load = async ({ allowDangerFullAccess, level, roots }: Options, { platform }: Process): Promise<Engine> => {
  const [{ makeEngine }, layer] = await Promise.all([import("./engine.ts"), platform()])
  return makeEngine({
    server: { roots, env: process.env, directory: process.cwd() },
    allowDangerFullAccess,
    level,
    platform: layer
  })
}
