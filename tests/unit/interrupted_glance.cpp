// SPDX-License-Identifier: MIT
// A signal may interrupt a glance, and its handler fault on lazy memory, for which just those chunks have to leave that are being looked at.  Here the
// glance stands around the faults, as if it had been interrupted.
#include "unit/unit.hpp"

#include "core.hpp"
#include "glance.hpp"
#include "sources/sequence.hpp"

#include <thread>

#include <unistd.h>

using namespace ufomem;

namespace {

constexpr std::size_t budget = 1024 * 1024;
constexpr std::size_t count = 2 * budget / sizeof(std::int64_t);

/// The numbers from 0 to `count`, twice as much as fits.
class Numbers {
  public:
    explicit Numbers(Core &core)
    {
        Core::RegionRequest request;
        request.geometry = {.count = count, .element_size = sizeof(std::int64_t), .min_chunk_elements = 512};
        request.options.source = std::make_shared<IntSequence>(0, 1);
        Result<RegionHandle *> made = core.new_region(std::move(request));
        assert_ok(made);
        handle_ = *made;
        const RegionVisit region = visit(handle_);
        data_ = reinterpret_cast<const volatile std::int64_t *>(region->body());
        region->advise({0, count}, Advice::random);
    }
    RegionHandle *handle() const { return handle_; }
    /// Plain loads all over it.
    bool are_right() const
    {
        bool right = true;
        for (std::size_t i = 0; i < count; i += 512)
            right &= data_[i] == static_cast<std::int64_t>(i);
        return right;
    }

  private:
    RegionHandle *handle_ = nullptr;
    const volatile std::int64_t *data_ = nullptr;
};

std::shared_ptr<Core> core_of(Delivery delivery)
{
    Core::Options options;
    options.budget = budget;
    options.delivery = delivery;
    Result<std::shared_ptr<Core>> core = Core::make(options);
    if (!core.ok()) {
        print_message("%s\n", last_error());
        skip();
    }
    return *core;
}

/// While this thread glances at a region that fills the memory: loads of another one, by whom `on_thread` says.
template <class OnThread> void loads_go_on(Delivery delivery, OnThread on_thread)
{
    alarm(180);
    const std::shared_ptr<Core> core = core_of(delivery);
    const Numbers looked_at(*core);
    const Numbers others(*core);
    assert_true(looked_at.are_right());
    {
        const Glance glance(looked_at.handle());
        assert_non_null(glance.region());
        bool right = false;
        on_thread([&] { right = others.are_right() && looked_at.are_right(); });
        assert_true(right);
    }
    core->close_all();
}

/// By the same thread, in a handler beneath which the glance is.
void of_its_thread(Delivery delivery)
{
    loads_go_on(delivery, [](auto load) { load(); });
}
void by_message(void **) { of_its_thread(Delivery::thread); }
void by_signal(void **) { of_its_thread(Delivery::in_line); }
void by_protection(void **) { of_its_thread(Delivery::protect); }

/// By others, where whoever goes on with a glance may fault as well.
void of_another_thread(void **)
{
    loads_go_on(Delivery::thread, [](auto load) { std::thread(load).join(); });
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(by_message),
        cmocka_unit_test(by_signal),
        cmocka_unit_test(by_protection),
        cmocka_unit_test(of_another_thread),
    };
    return RUN(tests);
}
