// SPDX-License-Identifier: Apache-2.0
//
// Requests that a person decides on, of all loops: who asks, who decides, and what becomes of it.
// Each step is recorded, then written to approvals.db, and only then counts (I6); steps are taken
// one after the other, on a worker, as they were asked for. Whoever decides (a command, a page)
// comes by decide(). Not for what a step is (proxy/approvals/operation.h), nor for the holding of
// the request (proxy/flow/exchange_approval.cc).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/sink.h"
#include "proxy/approvals/book.h"
#include "proxy/approvals/operation.h"
#include "proxy/approvals/operation_file.h"
#include "proxy/base/clock.h"
#include "proxy/flow/action.h"
#include "proxy/flow/event.h"
#include "proxy/flow/operations.h"
#include "proxy/net/approval_asked.h"
#include "vault/secret.h"
#include "vault/vault.h"

namespace keyswap::net {

// What was opened for them.
struct ApprovalParts {
  approvals::OperationFile file;
  vault::Secret key;  // of the digests, and of the rows' seals
};

// Under which name what was asked for is sealed (Vault::seal_backup).
std::string operation_seal(std::string_view id);

class Approvals final : public flow::Operations {
 public:
  // Runs a task on a thread that may wait for the disk.
  using Run = std::function<void(std::function<void()> task)>;
  using Taker = ApprovalAsked::Taker;
  using Of = ApprovalAsked::Of;

  enum class Outcome : std::uint8_t {
    done,
    unknown,       // there is no such operation
    decided,       // somebody was faster, or it is over
    expired,       // its time is over
    not_recorded,  // the log or the file does not take it; nothing is decided
  };

  // All outlive it.
  Approvals(ApprovalParts parts,
            const vault::Vault& vault,
            audit::Sink& log,
            const base::Clock& clock);

  // Before anything else: by what its steps are taken, once that runs, and what a restart makes of
  // what is there; what has not our seal is expired. io: that cannot be recorded.
  base::Status begin(Run run);
  // Of the bindings in force: what was approved under others is void.
  void set_in_force(std::string_view bindings_sha256);

  // --- of a stream, on any loop ---

  // Gives the operation's id, by which the stream goes on to name it; "" where it came with one:
  // then the taker hears whether it may be sent, at once.
  std::string ask(Of of, const flow::AskApproval& ask, Taker taker);
  // The request waits no longer. Timed out: its taker hears what has become of it.
  void end_hold(std::string id, flow::HoldEnd why);
  // What was granted has ended. `id`: as ask() or flow::Decided::operation gave it.
  void finish(std::string id, approvals::State state);
  [[nodiscard]] std::optional<flow::OperationView> find(std::string_view id,
                                                        std::string_view token,
                                                        std::string_view caller) const override;

  // --- of whoever decides, not on a loop: it takes as long as the disk does ---

  [[nodiscard]] std::vector<approvals::Operation> list() const { return book_.list(); }

  // `version`: of the operation that was seen; 0: whichever.
  Outcome decide(std::string_view id,
                 bool allows,
                 const approvals::Decider& who,
                 std::uint64_t version);
  // The same on a worker, for who may not wait; `told` gets the outcome there.
  void decide_later(std::string id,
                    bool allows,
                    approvals::Decider who,
                    std::uint64_t version,
                    std::function<void(Outcome)> told);

  // Ends what is due; costs nothing where there are none.
  void tick();
  // Takes every step that was asked for, and none any more.
  void close();

 private:
  void post(std::function<void()> step);
  void drain();
  bool put(approvals::Operation operation);
  bool record(const approvals::Operation& operation);
  void open(const std::string& id, const std::shared_ptr<ApprovalAsked>& asked);
  void claim(std::string_view id, ApprovalAsked& asked);
  void grant(const approvals::Operation& approved, ApprovalAsked& asked);
  void send(const approvals::Operation& executing, const ApprovalAsked& asked);
  [[nodiscard]] bool is_in_force(const ApprovalAsked& asked);
  void end(const std::string& id, flow::HoldEnd why);
  void expire_due();
  [[nodiscard]] Outcome take_decision(std::string_view id,
                                      bool allows,
                                      const approvals::Decider& who,
                                      std::uint64_t version);
  [[nodiscard]] flow::OperationView view_of(const approvals::Operation& operation) const;

  [[nodiscard]] std::int64_t now_us() const { return clock_->wall_us(); }

  approvals::OperationFile file_;  // of whoever has steps_
  vault::Secret key_;
  const vault::Vault* vault_;
  audit::Sink* log_;
  const base::Clock* clock_;
  approvals::Book book_;
  std::map<std::string, std::shared_ptr<ApprovalAsked>, std::less<>> waiters_;  // likewise
  std::mutex steps_;  // held while a step is taken

  struct Queue {
    std::mutex mutex;
    std::deque<std::function<void()>> tasks;
    bool is_running = false;
    bool is_closed = false;
    std::string in_force;
  };

  Run run_;
  Queue queue_;  // guarded by its own mutex
};

}  // namespace keyswap::net
