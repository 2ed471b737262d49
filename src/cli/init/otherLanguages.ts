/** What projects in Python, Go and Rust ask for, and what a Makefile offers. */
import type { Checkout } from "./Checkout.ts"
import type { Finding } from "./Finding.ts"

export const python = (checkout: Checkout): Finding | undefined => {
  const files = ["pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini", "requirements.txt", "requirements-dev.txt"]
    .filter((file) => checkout.has(file))
  if (files.length === 0 && !checkout.has("setup.py")) return undefined
  const mentions = (tool: string) =>
    files.find((file) => new RegExp(`(^|[^\\w-])${tool}($|[^\\w-])`, "m").test(checkout.text(file)))
  const [runner, why] = checkout.has("uv.lock")
    ? ["uv run ", "uv.lock"]
    : checkout.has("poetry.lock")
    ? ["poetry run ", "poetry.lock"]
    : ["", files[0] ?? "setup.py"]
  const tools = [["pytest", "pytest"], ["ruff", "ruff check"], ["mypy", "mypy"]] as const
  return {
    name: `Python (${why})`,
    commands: tools.flatMap(([tool, words]) => {
      const where = mentions(tool)
      return where === undefined ? [] : [{ command: `${runner}${words}`, why: `${tool} in ${where}` }]
    }),
    // A package of its own lies in the root, as often as in src.
    folders: checkout.folders.filter((folder) => checkout.has(`${folder}/__init__.py`)),
    lockfile: false,
    dependencies: checkout.has("venv") ? "venv" : ".venv",
    install: null,
    notes: []
  }
}

const ownHome = "Tasks have a home of their own, and no network:"

export const go = (checkout: Checkout): Finding | undefined =>
  checkout.has("go.mod")
    ? {
      name: "Go (go.mod)",
      commands: ["go test", "go vet", "go build"].map((command) => ({ command, why: "go.mod" })),
      folders: checkout.folders.filter((folder) => ["cmd", "internal", "pkg", "api"].includes(folder)),
      globs: checkout.files.some((file) => file.endsWith(".go")) ? ["*.go"] : [],
      lockfile: false,
      dependencies: "vendor",
      install: null,
      notes: checkout.has("vendor") || !checkout.has("go.sum")
        ? []
        : [
          `${ownHome} modules are found with "command_env": { "GOMODCACHE": "…" } (what go env GOMODCACHE says), or vendored.`
        ]
    }
    : undefined

export const rust = (checkout: Checkout): Finding | undefined =>
  checkout.has("Cargo.toml")
    ? {
      name: "Rust (Cargo.toml)",
      commands: ["cargo test", "cargo check", "cargo clippy"].map((command) => ({ command, why: "Cargo.toml" })),
      folders: checkout.folders.filter((folder) =>
        ["src", "tests", "benches", "examples", "crates"].includes(folder) || checkout.has(`${folder}/Cargo.toml`)
      ),
      lockfile: false,
      dependencies: "vendor",
      install: null,
      notes: checkout.has("vendor")
        ? []
        : [
          `${ownHome} crates are found once they are vendored (cargo vendor), or with "command_env" for CARGO_HOME and CARGO_NET_OFFLINE.`
        ]
    }
    : undefined

const makefiles = ["Makefile", "makefile", "GNUmakefile"]

export const make = (checkout: Checkout): Finding | undefined => {
  const file = makefiles.find((name) => checkout.has(name))
  if (file === undefined) return undefined
  const targets = [...checkout.text(file).matchAll(/^(test|tests|lint|check|typecheck|unit|vet)\s*:(?!=)/gm)]
  return {
    name: `make (${file})`,
    commands: [...new Set(targets.map(([, target = ""]) => target))].map((target) => ({
      command: `make ${target}`,
      why: `target "${target}" in ${file}`
    })),
    folders: [],
    lockfile: false,
    dependencies: null,
    install: null,
    notes: []
  }
}
