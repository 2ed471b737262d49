#!/usr/bin/env bash
# The same work as `codex-runner run`, the way one would write it by hand.
#   handwritten.sh REPOSITORY OUTPUT CONCURRENCY < prompts, one a line
# CODEX names the native binary, ARGUMENTS a file of further arguments for it, each ended by NUL.
set -euo pipefail

one() {
  local prompt=$1
  local id=${prompt##*/}
  id=${id%.txt}
  local worktree=$OUTPUT/worktrees/$id
  git -C "$REPOSITORY" worktree add --quiet --detach "$worktree" HEAD
  "$CODEX" exec --json -C "$worktree" -s workspace-write -m gpt-5.5 "${arguments[@]}" "$prompt" \
    </dev/null >"$OUTPUT/$id.jsonl" 2>"$OUTPUT/$id.stderr" || echo "$id: codex ended with $?"
  git -C "$worktree" add -A
  git -C "$worktree" diff --cached >"$OUTPUT/$id.diff"
  git -C "$REPOSITORY" worktree remove --force "$worktree"
}

export REPOSITORY=$1 OUTPUT=$2
if [[ $3 == --one ]]; then
  mapfile -d '' -t arguments <"$ARGUMENTS"
  one "$4"
else
  mkdir -p "$OUTPUT"
  xargs -d '\n' -P "$3" -n 1 bash "$0" "$REPOSITORY" "$OUTPUT" --one
fi
