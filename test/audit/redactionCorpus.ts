/** Texts with secrets in them, and texts with none. No secret stands here whole, so that no scanner of sources minds. */

const base62 = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6"
const hex = "0123456789abcdef"
const of = (length: number, alphabet = base62): string =>
  alphabet.repeat(Math.ceil(length / alphabet.length)).slice(0, length)
const base64url = (text: string): string => Buffer.from(text).toString("base64url")

const jwt = [
  base64url(JSON.stringify({ alg: "RS256", typ: "JWT" })),
  base64url(JSON.stringify({ sub: "1234567890", name: "x".repeat(3_000) })),
  of(342)
].join(".")

const pemBody = Array.from({ length: 26 }, (_, line) => of(64, base62.slice(line % 5) + "+/"))
/** A private key, its lines joined and prefixed as some file would. */
export const pem = (type = "RSA ", join = "\n"): string =>
  [`-----BEGIN ${type}PRIVATE` + " KEY-----", ...pemBody, "AbC1==", `-----END ${type}PRIVATE` + " KEY-----"].join(join)

/** What a secret is, how it looks, and what the mask says. */
export const tokens: ReadonlyArray<readonly [name: string, token: string, label: string]> = [
  ["OpenAI", "sk-" + of(48), "openai-key"],
  ["OpenAI, a project's", "sk-" + "proj-" + of(60) + "_-" + of(60), "openai-key"],
  ["OpenAI, a service account's", "sk-" + "svcacct-" + of(60), "openai-key"],
  ["OpenAI, an admin's", "sk-" + "admin-" + of(60), "openai-key"],
  ["OpenAI, of hex digits", "sk-" + of(32, hex), "openai-key"],
  ["Anthropic", "sk-" + "ant-api03-" + of(86) + "-" + of(6) + "AA", "anthropic-key"],
  ["Anthropic, OAuth", "sk-" + "ant-oat01-" + of(86), "anthropic-key"],
  ...["p", "o", "u", "s", "r"].map((kind) => [`GitHub gh${kind}`, `gh${kind}` + "_" + of(36), "github-token"] as const),
  ["GitHub, fine-grained", "github" + "_pat_" + of(22) + "_" + of(59), "github-token"],
  ["AWS", "AKIA" + of(16, "ABCDEFGH234567"), "aws-access-key-id"],
  ["AWS, temporary", "ASIA" + of(16, "ZYXWVUT765432"), "aws-access-key-id"],
  ["Google", "AIza" + of(35, "Sy-_" + base62), "google-api-key"],
  ["Google, OAuth", "ya29" + "." + of(60), "google-oauth-token"],
  ["Google, OAuth client", "GOCSPX" + "-" + of(28), "google-oauth-secret"],
  ["Slack bot", "xoxb" + "-123456789012-1234567890123-" + of(24), "slack-token"],
  ["Slack user", "xoxp" + "-123456789012-" + of(24), "slack-token"],
  ["Slack app", "xapp" + "-1-A0123456789-1234567890-" + of(64, hex), "slack-token"],
  ["Slack, rotating", "xoxe" + ".xoxp-1-" + of(60), "slack-token"],
  ["npm", "npm" + "_" + of(36), "npm-token"],
  ["Stripe", "sk" + "_live_" + of(24), "stripe-key"],
  ["Stripe, for tests", "sk" + "_test_" + of(99), "stripe-key"],
  ["Stripe, restricted", "rk" + "_live_" + of(24), "stripe-key"],
  ["Stripe webhook", "whsec" + "_" + of(32), "stripe-webhook-secret"],
  ["JWT", jwt, "jwt"],
  ["RSA private key", pem(), "private-key"],
  ["private key", pem(""), "private-key"],
  ["OpenSSH private key", pem("OPENSSH "), "private-key"],
  ["private key in JSON", pem("", "\\n"), "private-key"],
  ["private key, CRLF", pem("EC ", "\r\n"), "private-key"]
]

/** A text, the secret in it, and the text once it is masked. */
export const named: ReadonlyArray<readonly [text: string, masked: string]> = [
  ["DB_PASSWORD=hunter2", "DB_PASSWORD=[redacted:password]"],
  ["export API_KEY=abcdef", "export API_KEY=[redacted:key]"],
  ["DEPLOY_KEY='a b c'", "DEPLOY_KEY='[redacted:key]'"],
  ["my_secret=x1y2z3", "my_secret=[redacted:secret]"],
  ["+Session_Token=abc123", "+Session_Token=[redacted:token]"],
  [`{"password": "correct horse"}`, `{"password": "[redacted:password]"}`],
  [`{"api_key":"abc"}`, `{"api_key":"[redacted:key]"}`],
  [`{"token" : "with \\" inside", "a": 1}`, `{"token" : "[redacted:token]", "a": 1}`],
  [`"{\\"secret\\":\\"abc\\",\\"a\\":1}"`, `"{\\"secret\\":\\"[redacted:secret]\\",\\"a\\":1}"`],
  [`text\\nAPI_TOKEN=abc\\nNEXT=1`, `text\\nAPI_TOKEN=[redacted:token]\\nNEXT=1`],
  [`text\\npassword=abc1\\nnext`, `text\\npassword=[redacted:password]\\nnext`],
  [`const apiKey = "abc"`, `const apiKey = "[redacted:key]"`],
  [`client_secret: 'abc',`, `client_secret: '[redacted:secret]',`],
  ["secret = b\"abc\"", "secret = b\"[redacted:secret]\""],
  ["password: hunter2", "password: [redacted:password]"],
  ["password = p@ss1word!", "password = [redacted:password]"],
  ["token: Zm9vYmFyMTIzNDU2", "token: [redacted:token]"],
  ["spring.datasource.password=abc123", "spring.datasource.password=[redacted:password]"],
  ["mysql --password=letmein -h db", "mysql --password=[redacted:password] -h db"],
  ["GET /x?access_token=abc&page=2", "GET /x?access_token=[redacted:token]&page=2"],
  ["x-api-key: 0a1b2c3d4e5f", "x-api-key: [redacted:key]"],
  ["Authorization: Bearer abcdefgh", "Authorization: Bearer [redacted:authorization]"],
  ["\"authorization\": \"Basic dXNlcjpwYXNz\"", "\"authorization\": \"Basic [redacted:authorization]\""],
  [`curl -H 'x: Bearer ${of(30)}'`, "curl -H 'x: Bearer [redacted:bearer-token]'"],
  [`aws_secret_access_key = ${of(40, base62 + "/+")}`, "aws_secret_access_key = [redacted:aws-secret-key]"],
  [`"SecretAccessKey": "${of(40)}"`, `"SecretAccessKey": "[redacted:aws-secret-key]"`],
  [`//registry.example/:_authToken=${of(20)}`, "//registry.example/:_authToken=[redacted:token]"],
  [`OPENAI_API_KEY="${"sk-" + of(48)}"`, `OPENAI_API_KEY="[redacted:openai-key]"`],
  ["postgres://user:p4ss@db:5432/x", "postgres://user:[redacted:url-password]@db:5432/x"],
  ["redis://:p4ss@cache", "redis://:[redacted:url-password]@cache"],
  [`https://user:${"gh" + "p_" + of(36)}@host/x`, "https://user:[redacted:url-password]@host/x"],
  [
    `https://${"gh" + "p_" + of(36)}:x-oauth-basic@host`,
    "https://[redacted:github-token]:[redacted:url-password]@host"
  ],
  [`https://${"gh" + "p_" + of(36)}@host`, "https://[redacted:github-token]@host"],
  [`PRIVATE_KEY="${pem("")}"\nNEXT=1`, `PRIVATE_KEY="[redacted:private-key]"\nNEXT=1`],
  [`PRIVATE_KEY=${pem("", "\\n")}\nNEXT=1`, `PRIVATE_KEY=[redacted:private-key]\nNEXT=1`],
  [`{"private_key": "${pem("", "\\n")}\\n", "a": 1}`, `{"private_key": "[redacted:private-key]\\n", "a": 1}`],
  [pem("RSA ", "\n+").replace(/^/, "+"), "+[redacted:private-key]"],
  [`  key: |\n    ${pem("", "\n    ")}\nnext: 1`, "  key: |\n    [redacted:private-key]\nnext: 1"],
  // Cut off before its end.
  [`${pem().slice(0, 700)}`, "[redacted:private-key]"],
  [`\u001b[32m${"gh" + "p_" + of(36)}\u001b[0m`, "\u001b[32m[redacted:github-token]\u001b[0m"],
  [`%3D${"sk-" + of(48)}`, "%3D[redacted:openai-key]"]
]

/** Nothing here is a secret, however much it looks like one. */
export const harmless: ReadonlyArray<string> = [
  "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  "index 0123456..89abcde 100644",
  "123e4567-e89b-12d3-a456-426614174000",
  "sha256:" + of(64, hex),
  `"integrity": "sha512-${Buffer.from(of(64)).toString("base64")}",`,
  `data:image/png;base64,${Buffer.from(of(3_000)).toString("base64")}`,
  "const token = getToken()",
  "token = getToken();",
  "let secret = await vault.read(\"path\")",
  "password = input(\"Password: \")",
  "login(user, password=password, token=self.token)",
  "api_key=settings.API_KEY,",
  "API_KEY=$OTHER_KEY",
  "API_KEY=${API_KEY:-}",
  "TOKEN=$(cat token)",
  "TOKEN=get_token()",
  "API_KEY=process.env.KEY",
  "API_KEY: ${{ secrets.API_KEY }}",
  "API_KEY=<your key>",
  "PASSWORD=",
  "PASSWORD=\"\"",
  "\"password\": \"${DB_PASSWORD}\"",
  "\"token\": \"string\"",
  "\"token\": null,",
  "password: string",
  "readonly token: Token | undefined",
  "token?: string",
  "secret: Redacted.Redacted,",
  "if (token === undefined) return",
  "expect(token == null)",
  "process.env[\"API_KEY\"] ?? fail()",
  "os.environ.get(\"SECRET_KEY\")",
  "if token == \"root\":",
  "print(\"lexer: token=\" + repr(raw))",
  "public_key: X25519PublicKey, private_key: ed25519.Ed25519PrivateKey",
  "nid_key = self._lib.NID_aes_256_cbc",
  "Token: \"#cccccc\"",
  "\"js-tokens\": \"^4.0.0\"",
  "\"random-token\": \"^1.0.8\"",
  "max_tokens: 4096, \"input_tokens\": 12",
  "the token: a word",
  "<input type=\"password\" name=\"password\" autocomplete=\"off\">",
  "text.startsWith(\"-----BEGIN PRIVATE KEY-----\")",
  "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
  "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END CERTIFICATE-----",
  ".sk-folding-cube .sk-cube-parent-element-container {}",
  "task-force-of-one, risk-assessment-for-everybody",
  "npm_config_user_agent npm_lifecycle_event npm_package_json",
  "https://example.com:8080/path?x=1#a@b",
  "http://[::1]:8080/a@b",
  "ssh://git@example.com:22/x.git git@github.com:owner/repo.git",
  "https://user:${PASSWORD}@host https://user:$PASSWORD@host https://user:<password>@host",
  "Authorization: Bearer ${token}",
  "Bearer authentication is described in RFC 6750",
  "eyJ is how base64 of JSON begins; eyJhbGciOiJub25lIn0 has no payload",
  "AKIA AIza ghp_ xoxb- sk- npm_ sk_live_ github_pat_",
  "[redacted:github-token]"
]
