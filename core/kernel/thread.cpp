// SPDX-License-Identifier: MIT
#include "thread.hpp"

#include "../units.hpp"

#include <cerrno>
#include <system_error>

namespace ufomem::kernel {
namespace {

[[noreturn]] void refuse(int error) { throw std::system_error(error, std::generic_category(), "a thread"); }

/// As large as those that the C library makes, which knows the limit (ulimit -s) and what the program has asked for.
class Attributes {
  public:
    Attributes()
    {
        if (const int error = pthread_attr_init(&attributes_); error != 0)
            refuse(error);
    }
    Attributes(const Attributes &) = delete;
    Attributes &operator=(const Attributes &) = delete;
    ~Attributes() { pthread_attr_destroy(&attributes_); }
    std::size_t stack_size() const
    {
        std::size_t size = 0;
        pthread_attr_getstacksize(&attributes_, &size);
        return round_up(size, page_size());
    }
    int set_stack(std::byte *data, std::size_t size) { return pthread_attr_setstack(&attributes_, data, size); }
    const pthread_attr_t *get() const { return &attributes_; }

  private:
    pthread_attr_t attributes_;
};

} // namespace

void Thread::start(std::unique_ptr<Task> task)
{
    Attributes attributes;
    Result<Mapping> stack = map_stack(attributes.stack_size());
    if (!stack.ok())
        refuse(EAGAIN);
    if (const int error = attributes.set_stack(stack->data() + page_size(), stack->size() - page_size()); error != 0)
        refuse(error);
    if (const int error = pthread_create(&handle_, attributes.get(), run, task.get()); error != 0)
        refuse(error);
    (void)task.release(); // the thread's
    stack_ = std::move(*stack);
    running_ = true;
}

void *Thread::run(void *task) noexcept
{
    const std::unique_ptr<Task> own(static_cast<Task *>(task));
    own->run();
    return nullptr;
}

void Thread::join() noexcept
{
    pthread_join(handle_, nullptr);
    running_ = false;
    (void)unmap(stack_);
}

Thread::~Thread()
{
    if (!running_)
        return;
    pthread_detach(handle_);
    stack_.release();
}

} // namespace ufomem::kernel
