// @ts-check
/** In place of what is asked for and never used. */
// oxlint-disable-next-line import/no-default-export -- the packages have one
export default class Absent {
  constructor() {
    throw new Error("left out of the build: scripts/build.mjs says why")
  }
}
