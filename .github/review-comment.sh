#!/bin/sh
# Keeps one comment on a pull request up to date with its review.
#
#   .github/review-comment.sh DIR
#
# DIR is what `runner.py review --out` wrote. PR is the number, GITHUB_REPOSITORY the repository,
# GITHUB_STEP_SUMMARY the page of the run, GH_TOKEN what gh uses.
set -eu

marker='<!-- migrator review -->'
dir=$1
body=$dir/comment.md
comments=repos/$GITHUB_REPOSITORY/issues/$PR/comments

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A run without a report must not leave an older, better one standing.
if [ ! -f "$body" ]; then
    body=$work/comment.md
    printf '%s\n# Migration review: do not apply yet: not measured\n\n%s\n' "$marker" \
        'The review ended before it wrote a report. The log of its run says why.' >"$body"
fi

# Only a comment of our own: anybody may write the marker. -s: gh joins pages, or does not.
gh api --paginate "$comments?per_page=100" >"$work/comments.json"
id=$(jq -rs --arg marker "$marker" \
    '[.[][] | select(.user.login == "github-actions[bot]" and (.body | startswith($marker))) | .id]
    | first // empty' "$work/comments.json")

if [ -n "$id" ]; then
    set -- PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id"
elif jq -e '.migrations == []' "$dir/review.json" >/dev/null 2>&1; then
    exit 0 # there is nothing to say, and nothing said that is no longer so
else
    set -- POST "$comments"
fi

if ! gh api --method "$1" "$2" --silent -F "body=@$body" 2>"$work/error"; then
    cat "$work/error" >&2
    grep -q 'HTTP 403' "$work/error" || exit 1
    echo "No comment was written: this run may not write to the pull request, as where that comes" \
        "from a fork." >>"$GITHUB_STEP_SUMMARY"
fi
