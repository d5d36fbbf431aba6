# bash completion for the command budget: the command itself knows its words.
_budget() {
	local IFS=$'\n'
	# shellcheck disable=SC2207 # one candidate a line is what we want
	COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _budget budget
