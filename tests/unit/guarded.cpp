// SPDX-License-Identifier: MIT
// The way into the library: what is thrown inside becomes a status, and nobody is cancelled there.
#include "unit/unit.hpp"

#include "handles.hpp"

#include <stdexcept>
#include <string>

using namespace ufomem;
using capi::guarded;

namespace {

void a_status_is_passed_on(void **)
{
    assert_int_equal(guarded([]() -> Status { return {}; }), UFO_OK);
    assert_int_equal(guarded([]() -> Status { return fail(Code::range, "too far"); }), UFO_ERR_RANGE);
    assert_string_equal(last_error(), "too far");
}

void what_is_thrown_becomes_a_status(void **)
{
    assert_int_equal(guarded([]() -> Status { throw std::bad_alloc(); }), UFO_ERR_NOMEM);
    assert_int_equal(guarded([]() -> Status { throw std::runtime_error("a surprise"); }), UFO_ERR_SYSTEM);
    assert_non_null(std::strstr(last_error(), "a surprise"));
    assert_int_equal(guarded([]() -> Status { throw 5; }), UFO_ERR_SYSTEM);
    assert_int_not_equal(last_error()[0], 0);
}

int cancel_state()
{
    int state = 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_setcancelstate(state, nullptr);
    return state;
}

void nobody_is_cancelled_inside(void **)
{
    int inside = -1;
    (void)guarded([&]() -> Status {
        inside = cancel_state();
        throw 5;
    });
    assert_int_equal(inside, PTHREAD_CANCEL_DISABLE);
    assert_int_equal(cancel_state(), PTHREAD_CANCEL_ENABLE);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_passed_on),
        cmocka_unit_test(what_is_thrown_becomes_a_status),
        cmocka_unit_test(nobody_is_cancelled_inside),
    };
    return RUN(tests);
}
