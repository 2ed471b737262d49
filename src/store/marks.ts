/** Small files in a run's folder by which processes tell each other of it. */
import { existsSync } from "node:fs"

/** Somebody wants the run ended. */
export const cancelMark = (runFolder: string): string => `${runFolder}/cancel.json`

/** What its dead runner left behind was cleared away. */
export const sweptMark = (runFolder: string): string => `${runFolder}/swept.json`

export const resultIn = (folder: string): string => `${folder}/result.json`

export const hasResult = (folder: string): boolean => existsSync(resultIn(folder))
