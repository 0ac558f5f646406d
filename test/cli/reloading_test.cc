// SPDX-License-Identifier: Apache-2.0
//
// A command that asks for a reload learns what became of it. The proxy is a thread here that takes
// SIGHUP as the real one's loop does.
#include "proxy/cli/reloading.h"

#include <csignal>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

// Holds SIGHUP from all threads that are started while it lives.
class HeldReloads {
 public:
  HeldReloads() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }

  HeldReloads(const HeldReloads&) = delete;
  HeldReloads& operator=(const HeldReloads&) = delete;
  HeldReloads(HeldReloads&&) = delete;
  HeldReloads& operator=(HeldReloads&&) = delete;

  ~HeldReloads() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  void await() const {
    int number = 0;
    sigwait(&set_, &number);
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

// While it lives, this process's files do not grow.
class FullDisk {
 public:
  FullDisk() {
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{0, before_.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
  }

  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  FullDisk(FullDisk&&) = delete;
  FullDisk& operator=(FullDisk&&) = delete;

  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = SIG_DFL;
};

ServeLock lock_of(const Home& home) {
  auto lock = ServeLock::take(
      home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  REQUIRE(lock);
  REQUIRE(lock.value());
  return std::move(*lock.value());
}

const RunningProxy& this_process() {
  static const RunningProxy proxy{getpid(), "127.0.0.1:1", "/b.yaml"};
  return proxy;
}

}  // namespace

TEST_CASE("whoever asks for a reload waits for one that began behind it, and learns its end") {
  const test::TempHome temp;
  const HeldReloads held;
  ServeLock lock = lock_of(temp.home());
  REQUIRE_FALSE(lock.announce(this_process()));
  ReloadNotes notes(lock, this_process());
  notes.begin();  // one is under way already: it may have read the file before the change
  const bool is_refused = GENERATE(false, true);
  std::thread proxy([&] {
    held.await();
    notes.refuse({Exit::usage, "of the one before", ""});
    notes.end();
    notes.begin();
    if (is_refused) {
      notes.refuse({Exit::no, "it is not approved", "approve it"});
      notes.refuse({Exit::no, "and more", ""});
    }
    notes.end();
  });
  const auto answer = reload_and_wait(temp.home());
  proxy.join();
  REQUIRE(static_cast<bool>(answer) != is_refused);
  if (is_refused) {
    CHECK(answer.failure().exit == Exit::no);
    CHECK(answer.failure().what.find("it is not approved") != std::string::npos);
    CHECK(answer.failure().hint == "approve it");
  }
}

TEST_CASE("where no proxy runs, nothing is reloaded") {
  const test::TempHome temp;
  auto answer = reload_and_wait(temp.home());
  REQUIRE(answer);
  CHECK_FALSE(answer.value());
}

TEST_CASE("what became of reloads is read back, also behind a longer text") {
  const test::TempHome temp;
  ServeLock lock = lock_of(temp.home());
  RunningProxy proxy = this_process();
  proxy.reloads = {2, 1, "a reason that is long", "a hint"};
  REQUIRE_FALSE(lock.announce(proxy));
  auto read = find_running(temp.home());
  REQUIRE(read);
  CHECK(read->reloads.begun == 2);
  CHECK(read->reloads.done == 1);
  CHECK(read->reloads.refused == "a reason that is long");
  CHECK(read->reloads.hint == "a hint");
  REQUIRE_FALSE(lock.announce(this_process()));
  read = find_running(temp.home());
  REQUIRE(read);
  CHECK(read->reloads.refused.empty());
  // A writer that is not yet done with cutting off what is left of the longer one.
  CHECK(decode_running(encode_running(proxy) + "g\"}\n")->reloads.begun == 2);
}

TEST_CASE("what ails the proxy is said beside what became of reloads, once for each change") {
  const test::TempHome temp;
  ServeLock lock = lock_of(temp.home());
  ReloadNotes notes(lock, this_process());
  notes.begin();
  notes.end();
  net::Troubles troubles;
  troubles.sources = {{"company", {"network", false, 1, 2}}};
  notes.tell(troubles);
  REQUIRE(find_running(temp.home()));
  CHECK(find_running(temp.home())->troubles == troubles);
  CHECK(find_running(temp.home())->reloads.done == 1);
  REQUIRE_FALSE(lock.announce(this_process()));
  notes.tell(troubles);
  CHECK(find_running(temp.home())->troubles == net::Troubles{});  // not written again
  notes.begin();
  CHECK(find_running(temp.home())->troubles == troubles);
  notes.tell({});
  CHECK(find_running(temp.home())->troubles == net::Troubles{});
  ReloadNotes().tell(troubles);  // before it is ready, nothing is said
}

TEST_CASE("what could not be written of it is written as soon as there is room", "[I13]") {
  const test::TempHome temp;
  ServeLock lock = lock_of(temp.home());
  ReloadNotes notes(lock, this_process());
  notes.begin();
  net::Troubles troubles;
  troubles.sources = {{"company", {"network", false, 1, 2}}};
  {
    const FullDisk full;
    notes.tell(troubles);
  }
  notes.tell(troubles);  // as it was
  REQUIRE(find_running(temp.home()));
  CHECK(find_running(temp.home())->troubles == troubles);
}

}  // namespace keyswap::cli
