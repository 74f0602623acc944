/* vote.h - the choice that more than half of many make, by the method of Boyer and Moore: one pass, constant memory.
 *
 *     struct cf_vote vote = {0};
 *     for each voter: cf_vote(&vote, its choice);
 *     vote.leader is the choice of the majority, if there is one; otherwise it is any choice that was made.
 */
#ifndef COFIBER_BASE_VOTE_H
#define COFIBER_BASE_VOTE_H

#include <stdint.h>

struct cf_vote {
    uint32_t leader, lead; /* the lead is 0 before the first vote */
};

static inline void cf_vote(struct cf_vote *vote, uint32_t choice)
{
    if (vote->lead == 0)
        vote->leader = choice;
    if (vote->leader == choice)
        vote->lead++;
    else
        vote->lead--;
}

#endif
