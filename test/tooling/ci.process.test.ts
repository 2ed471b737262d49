import { assert, describe, it } from "@effect/vitest"
import { chmod, mkdir, readdir, symlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { withProject } from "./project.ts"

/** `.ci/run` with an npm that does as told; the last line of what it prints, and its exit code. */
const runWith = (npm: string) =>
  withProject({ "tools/npm": `#!/bin/sh\n${npm}\n` }, async ({ folder, run }) => {
    await chmod(join(folder, "tools/npm"), 0o755)
    await mkdir(join(folder, "tmp"))
    const { code, stdout } = await run("bash", [".ci/run"], {
      PATH: [join(folder, "tools"), dirname(process.execPath), process.env["PATH"]].join(":"),
      TMPDIR: join(folder, "tmp")
    })
    assert.deepStrictEqual(await readdir(join(folder, "tmp")), [])
    assert.isTrue(stdout.endsWith("\n"))
    return { code, last: stdout.trimEnd().split("\n").at(-1) }
  })

/** An npm whose tests and checks report this, and end with this. */
const reporting = (tests: { passed: number; failed: number; exit: number }, checks: { ok: boolean; exit: number }) =>
  `case "$*" in
  test*)
    for argument in "$@"; do case $argument in --outputFile.json=*) file=\${argument#*=} ;; esac; done
    echo '{"numPassedTests":${tests.passed},"numFailedTests":${tests.failed},"numPendingTests":0,"numTodoTests":0,"testResults":[]}' > "$file"
    echo "      Tests  ${tests.passed} passed"
    exit ${tests.exit} ;;
  "run check"*)
    for file in "$@"; do :; done
    echo '[{"name":"types","ok":true},{"name":"lint","ok":${checks.ok}}]' > "$file"
    exit ${checks.exit} ;;
  "run endure"*)
    for file in "$@"; do :; done
    echo '[{"name":"crashes","ok":true}]' > "$file" ;;
esac`

describe(".ci/run", () => {
  it("ends with the total of tests and checks", async () => {
    const passing = { ok: true, exit: 0 }
    assert.deepStrictEqual(await runWith(reporting({ passed: 7, failed: 0, exit: 0 }, passing)), {
      code: 0,
      last: "10 passed, 0 failed"
    })
    assert.deepStrictEqual(await runWith(reporting({ passed: 5, failed: 2, exit: 1 }, passing)), {
      code: 1,
      last: "8 passed, 2 failed"
    })
  })

  it("fails where a check does", async () =>
    assert.deepStrictEqual(await runWith(reporting({ passed: 7, failed: 0, exit: 0 }, { ok: false, exit: 1 })), {
      code: 1,
      last: "9 passed, 1 failed"
    }))

  it("fails where no test ran, or npm is of no use", async () => {
    assert.deepStrictEqual(await runWith(reporting({ passed: 0, failed: 0, exit: 0 }, { ok: true, exit: 0 })), {
      code: 1,
      last: "3 passed, 1 failed"
    })
    assert.deepStrictEqual(await runWith("exit 1"), { code: 1, last: "0 passed, 3 failed" })
  })

  it("says so where there is no Node either", () =>
    withProject({}, async ({ folder, run }) => {
      await mkdir(join(folder, "tools"))
      for (const name of ["bash", "dirname", "mktemp", "rm"]) {
        const found = (await run("which", [name])).stdout.trim()
        await symlink(found, join(folder, "tools", name))
      }
      const { code, stdout } = await run("bash", [".ci/run"], { PATH: join(folder, "tools") })
      assert.strictEqual(stdout, "0 passed, 1 failed\n")
      assert.notStrictEqual(code, 0)
    }))
})
