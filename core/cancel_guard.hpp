// SPDX-License-Identifier: MIT
// Holds pthread_cancel() back while a thread of the program is inside the library: in the middle of a chunk there is nobody to unwind to, and the
// C++ runtime would end the process.  What was asked for meanwhile happens at the thread's next cancellation point afterwards.
#pragma once

#include <pthread.h>

namespace ufomem {

class CancelGuard {
  public:
    CancelGuard() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    CancelGuard(const CancelGuard &) = delete;
    CancelGuard &operator=(const CancelGuard &) = delete;
    ~CancelGuard() { pthread_setcancelstate(before_, nullptr); }

  private:
    int before_ = PTHREAD_CANCEL_ENABLE;
};

} // namespace ufomem
