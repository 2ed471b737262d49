import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { codexOverrideFault } from "../../src/config/codexOverride.ts"
import { copyPathFault, globFault } from "../../src/config/pathEntry.ts"
import { commandVariableFault, isSecretName, passthroughFault } from "../../src/config/variables.ts"

describe("codex_config", () => {
  it.each([
    "model=\"gpt-5.5\"",
    "model=gpt-5.5",
    "model_reasoning_effort=high",
    "model_context_window=200000",
    "model_provider=\"mine\"",
    "service_tier=\"flex\"",
    "model_providers.mine={name=\"mine\",base_url=\"https://example.invalid/auth\",env_key=\"MINE_KEY\"}",
    "model_providers.mine.base_url=\"http://127.0.0.1:1/v1\"",
    "model_providers.mine.requires_openai_auth=true",
    "model_providers={\"my.provider\"={name=\"x\"}}",
    " model = \"x\""
  ])("takes %s", (pair) => {
    assert.isUndefined(codexOverrideFault(pair))
  })

  it.each([
    ["sandbox_mode=\"danger-full-access\"", "sandbox_mode"],
    ["hooks.PreToolUse=[]", "hooks.PreToolUse"],
    ["features.hooks=false", "features.hooks"],
    ["shell_environment_policy.inherit=\"all\"", "shell_environment_policy.inherit"],
    ["model_instructions_file=\"/etc/passwd\"", "model_instructions_file"],
    ["model_providers.mine.auth.command=\"touch x\"", "auth"],
    ["model_providers.mine.auth={command=\"touch x\"}", "auth"],
    ["model_providers.mine={auth={command=\"touch x\"}}", "auth"],
    ["model_providers={mine={auth={command=\"touch x\"}}}", "auth"],
    ["model_providers={mine={\"auth\"={command=\"touch x\"}}}", "auth"],
    ["model_providers={mine={'auth'.command=\"touch x\"}}", "auth"],
    ["model_providers={mine={\"\\u0061uth\"={command=\"touch x\"}}}", "auth"],
    ["model_providers={mine={list=[{auth=1}]}}", "auth"],
    ["model_providers.\"mine\".\"auth\".command=\"touch x\"", "model_providers"],
    ["\"sandbox_mode\"=\"danger-full-access\"", "sandbox_mode"],
    ["service_tier_x=1", "service_tier_x"],
    ["Model=\"x\"", "Model"],
    ["model_providers={mine={auth={command=\"a\"},},}", "model_providers"],
    ["model_providers={mine={auth={command=\"a\"}}", "model_providers"]
  ])("refuses %s by name", (pair, name) => {
    const fault = codexOverrideFault(pair) ?? ""
    assert.include(fault, name)
    assert.notInclude(fault, "touch")
  })

  it.each(["model", "=x", "", "model=a\nsandbox_mode=b", "model_providers=\u0085{mine={auth={command=\"a\"}}}"])(
    "refuses %j, which is no pair",
    (pair) => {
      assert.isString(codexOverrideFault(pair))
    }
  )

  it("lets no key pass that is not on the list, however the pair is made up", () => {
    const piece = fc.constantFrom(
      "model",
      "_providers",
      ".",
      "auth",
      "\"",
      "'",
      "=",
      "{",
      "}",
      " ",
      "x",
      "_file",
      "sandbox_mode",
      "\t"
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (parts) => {
        const pair = parts.join("")
        if (codexOverrideFault(pair) !== undefined) return
        const key = (pair.split("=")[0] ?? "").trim()
        assert.match(key, /^(model|service_tier$)/)
        assert.notMatch(key, /(^|\.)auth(\.|$)|_file(\.|$)/)
      }),
      { numRuns: 3000 }
    )
  })
})

describe("globs", () => {
  it.each([
    "src/**",
    "./src/*.ts",
    "a..b/c",
    "{a,b}/**",
    "!(dist)/**",
    "file{1..3}.ts",
    "~cache/**",
    "**",
    "docs/[a-z]*.md"
  ])(
    "takes %s",
    (glob) => {
      assert.isUndefined(globFault(glob))
    }
  )

  it.each([
    "",
    "  ",
    "/etc/**",
    "\\\\server\\x",
    "C:\\x",
    "C:/x",
    "~/x",
    "..",
    "../x",
    "a/..",
    "a/../b",
    "{a,..}/b",
    "a\\..\\b",
    "(x|..)/y",
    "a\0b",
    "!src/**",
    "!!x",
    "x".repeat(501)
  ])(
    "refuses %j",
    (glob) => {
      assert.isString(globFault(glob))
    }
  )
})

describe("setup.copy", () => {
  it.each(["node_modules", ".env.test", "packages/a/node_modules", "./x", ".github"])("takes %s", (path) => {
    assert.isUndefined(copyPathFault(path))
  })

  it.each(["", ".", "./", "/x", "../x", "a/../../x", ".git", ".GIT/config", "sub/.git", "x\\.git", "a\0"])(
    "refuses %j",
    (path) => {
      assert.isString(copyPathFault(path))
    }
  )
})

describe("variables", () => {
  it.each(["JAVA_HOME", "CI", "PYTHONPATH", "MONKEY", "_x1", "npm_config_cache"])("lets commands have %s", (name) => {
    assert.isUndefined(commandVariableFault(name))
  })

  it.each([
    "OPENAI_API_KEY",
    "npm_token",
    "Db_Password",
    "A_SECRET",
    "TOKEN",
    "LD_PRELOAD",
    "DYLD_INSERT_LIBRARIES",
    "NODE_OPTIONS",
    "BASH_ENV",
    "ENV",
    "PATH",
    "HOME",
    "TMPDIR",
    "GIT_CONFIG_COUNT",
    "CODEX_HOME",
    "npm_config_script_shell",
    "BASH_FUNC_ls%%",
    "",
    "A=B",
    "1A",
    "é"
  ])(
    "keeps %j from commands",
    (name) => {
      assert.isString(commandVariableFault(name))
    }
  )

  it("lets Codex itself have a provider's key and a proxy, but nothing that loads code into the gate", () => {
    for (const name of ["MY_PROVIDER_KEY", "HTTPS_PROXY"]) assert.isUndefined(passthroughFault(name))
    for (const name of ["NODE_OPTIONS", "LD_PRELOAD", "BASH_ENV", "A B"]) assert.isString(passthroughFault(name))
  })

  it("knows a secret by the end of its name, whatever the case", () => {
    for (const name of ["X_KEY", "x_key", "X_Token", "X_SECRET", "X_PASSWORD"]) assert.isTrue(isSecretName(name), name)
    for (const name of ["KEYS", "X_KEY_ID", "TOKENIZER", "GIT_CONFIG_KEY_0"]) assert.isFalse(isSecretName(name), name)
  })
})
