/*
 * Division of 64-bit numbers, which compilers call. As in the ESP32's ROM, numbers of 32 bits take the divider; others
 * are divided digit by digit.
 */
#include <stdint.h>

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t __umoddi3(uint64_t dividend, uint64_t divisor);
int64_t __divdi3(int64_t dividend, int64_t divisor);

typedef struct division {
    uint64_t quotient;
    uint64_t remainder;
} division_t;

static division_t divide(uint64_t dividend, uint64_t divisor) {
    division_t result = {0, 0};
    if (((dividend | divisor) >> 32) == 0) {
        result.quotient = (uint32_t)dividend / (uint32_t)divisor;
        result.remainder = (uint32_t)dividend % (uint32_t)divisor;
        return result;
    }
    for (int bit = 63; bit >= 0; bit--) {
        const uint64_t carry = result.remainder >> 63;
        result.remainder = result.remainder << 1 | (dividend >> bit & 1u);
        if (carry != 0 || result.remainder >= divisor) {
            result.remainder -= divisor;
            result.quotient |= UINT64_C(1) << bit;
        }
    }
    return result;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor) {
    return divide(dividend, divisor).quotient;
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor) {
    return divide(dividend, divisor).remainder;
}

int64_t __divdi3(int64_t dividend, int64_t divisor) {
    const uint64_t a = dividend < 0 ? 0u - (uint64_t)dividend : (uint64_t)dividend;
    const uint64_t b = divisor < 0 ? 0u - (uint64_t)divisor : (uint64_t)divisor;
    const uint64_t quotient = divide(a, b).quotient;
    return (int64_t)((dividend < 0) == (divisor < 0) ? quotient : 0u - quotient);
}
