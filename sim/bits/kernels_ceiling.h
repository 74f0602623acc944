/* kernels_ceiling.h - full adders in registers alone, for one vector type. Not a header of its own: to be included
 * after kernels_body.h.
 */
/* Eight independent chains of adders, so that throughput and not latency is the limit; two values circulate in each. */
BIT_TARGET static uint64_t ceiling(uint64_t rounds)
{
    bit_vector a[8], b[8];
    uint64_t seed[8] = {3, 5, 17, 257, 65537, 641, 6700417, 274177};
    for (int i = 0; i < 8; i++) {
        memset(&a[i], (int)seed[i], sizeof a[i]);
        memset(&b[i], (int)seed[7 - i], sizeof b[i]);
    }
    bit_vector c = a[3];
    for (uint64_t r = 0; r < rounds; r++) {
        for (int repeat = 0; repeat < CF_CEILING_ADDERS / 8; repeat++)
            for (int i = 0; i < 8; i++)
                full_adder(a[i], b[i], c, &a[i], &b[i]);
    }
    bit_vector all = {0};
    for (int i = 0; i < 8; i++)
        all = bit_sum3(all, a[i], b[i]);
    uint64_t first;
    memcpy(&first, &all, sizeof first);
    return first;
}
