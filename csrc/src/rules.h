/* rules.h: marks where a rule of ../PROTOCOL.md stands in the code. TM_RULE(Q3) is 1; with -DTM_INJECT_Q3=1
 * it is 0, so that the code breaks the rule: `make mutants` does so with each, and fails if no test notices.
 */
#ifndef TM_RULES_H
#define TM_RULES_H

#define TM_RULE(rule) TM_RULE_OF_NAME(TM_INJECT_##rule)
/* The name becomes its value, 1, or stays a word, if it is not defined: only the first makes a comma below.
 */
#define TM_RULE_OF_NAME(name) TM_RULE_OF_VALUE(name)
#define TM_RULE_OF_VALUE(value) TM_RULE_OF_COMMA(TM_RULE_COMMA_##value)
#define TM_RULE_OF_COMMA(comma) TM_RULE_SECOND(comma 1, 1, 1)
#define TM_RULE_COMMA_1 0, 0,
#define TM_RULE_SECOND(first, second, ...) second

#endif
