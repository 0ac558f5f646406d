// SPDX-License-Identifier: Apache-2.0
//
// Programs that give secrets (the source `command`). The proxy may start none once it serves
// (proxy/sandbox), so a process that can is made before: it is forked from the proxy while that has
// one thread, no passphrase and no vault, holds the table of programs of the policy that is to be
// served, and ends with the proxy. Of what is asked of it only a line of that table is taken: who
// took the proxy over could run what the operator approved, and nothing else.
//
// I1: what a program prints goes through locked memory of the launcher, which wipes it, into locked
// memory here. The kernel's sockets and pipes hold it in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/launcher/command_table.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/timer.h"
#include "proxy/uv/watch.h"
#include "vault/sources/run.h"

namespace keyswap::launcher {

// Does this path lead to a program that only root and we can have put there? Asked in the
// launcher's process before each start.
using IsTrusted = std::function<bool(const std::string& path)>;

class Launcher {
 public:
  // Forks: in a process with one thread, before anything is given up. unavailable (number = errno).
  static base::Result<std::unique_ptr<Launcher>> start(std::vector<CommandSpec> commands,
                                                       const IsTrusted& is_trusted);
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;
  Launcher(Launcher&&) = delete;
  Launcher& operator=(Launcher&&) = delete;
  ~Launcher();  // the process ends, and what it runs

  // Its line in the table; nothing: it was not there at the start.
  [[nodiscard]] std::optional<std::size_t> find(const CommandSpec& command) const;

  // From now on programs can be asked for, on that loop's thread.
  void attach(uv::Loop& loop);
  // Nobody is told anything any more.
  void detach();

  // A CommandAnswer, or an Error: permission (not trusted), timed_out, limit_exceeded, unavailable.
  // Told once, later. bounds::kCommandsAtOnceMax run at once, others wait.
  using Answered = std::function<void(vault::Answer)>;
  void ask(std::size_t index, Answered answered);

 private:
  struct Asked {
    std::size_t index = 0;
    Answered answered;
    std::unique_ptr<uv::Timer> patience;  // for a launcher that does not answer
  };

  Launcher(std::vector<CommandSpec> commands, int socket)
      : commands_(std::move(commands)), socket_(socket) {}

  void begin_next();
  bool send(std::uint64_t id, std::size_t index);
  void take_answer();
  void tell(std::uint64_t id, vault::Answer answer);
  void lose();

  std::vector<CommandSpec> commands_;
  int socket_;
  bool is_lost_ = false;  // the process has ended
  uv::Loop* loop_ = nullptr;
  std::unique_ptr<uv::SocketWatch> watch_;
  std::uint64_t ids_ = 0;
  std::map<std::uint64_t, Asked> under_way_;
  std::deque<Asked> waiting_;
  std::shared_ptr<Launcher*> self_ = std::make_shared<Launcher*>(this);  // for what is told later
};

}  // namespace keyswap::launcher
