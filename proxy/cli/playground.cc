// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/playground.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "audit/line_reader.h"
#include "audit/segment.h"
#include "proxy/base/clock.h"
#include "proxy/cli/child.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/options.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kStartMs = 30'000;
constexpr int kStopMs = 5'000;
constexpr mode_t kPrivateMode = 0600;

Failure cannot(const std::string& what) {
  return {Exit::cannot, "cannot go on: " + what, "nothing is left behind; try again"};
}

std::int64_t now_s() {
  return base::SystemClock().wall_us() / 1'000'000;
}

base::Status store(const Home& home,
                   const vault::Secret& passphrase,
                   std::string_view secret,
                   std::string_view value) {
  auto vault = vault::Vault::open(home.vault(), passphrase);
  if (!vault) {
    return vault.error();
  }
  const auto name = vault::SecretName::parse(secret);
  const auto locked = vault::Secret::copy_of(value);
  if (!name || !locked) {
    return base::Error{base::Errc::unavailable, "no locked memory is left"};
  }
  return vault->add(*name, "demo", *locked, now_s());
}

void end(PlaygroundProxy& proxy) {
  kill(proxy.pid, SIGKILL);
  wait_for_end(proxy.pid, kStopMs);
  proxy.pid = 0;
}

}  // namespace

HeldInterrupts::HeldInterrupts() {
  sigset_t interrupts{};
  sigemptyset(&interrupts);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    sigaddset(&interrupts, signal);
  }
  pthread_sigmask(SIG_BLOCK, &interrupts, &before_);
}

HeldInterrupts::~HeldInterrupts() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Playground::Playground(std::string_view name) {
  const std::string temp = environment_variable("TMPDIR");
  std::error_code ignored;
  const fs::path folder = fs::absolute(temp.empty() ? "/tmp" : temp, ignored);
  path_ = folder.string() + "/keyswap-" + std::string(name) + "-XXXXXX";
  is_made_ = mkdtemp(path_.data()) != nullptr;
}

Playground::~Playground() {
  std::error_code ignored;
  if (is_made_) {
    fs::remove_all(path_, ignored);
  }
}

std::vector<std::string> playground_records(const Home& home) {
  std::vector<std::string> records;
  auto reader = audit::LineReader::open(audit::path_of(home.audit(), audit::segment_name(1)));
  if (!reader) {
    return records;
  }
  for (auto item = reader->next(); item && item->kind == audit::LineReader::Kind::line;
       item = reader->next()) {
    records.emplace_back(item->text);
  }
  return records;
}

Problem make_playground_home(const Home& home, std::string_view secret, std::string_view value) {
  auto passphrase = make_random_key();
  if (!passphrase) {
    return passphrase.failure();
  }
  const NewApproval approval{nothing_approved(vault::ApprovalMode::key), {}};
  if (auto problem = create_home(home, passphrase.value(), KeyFile::write, approval, now_s())) {
    return problem;
  }
  if (const auto stored = store(home, std::move(passphrase).value().to_secret(), secret, value);
      !stored) {
    return cannot("the key was not stored: " + explain(stored.error()));
  }
  return std::nullopt;
}

base::Result<UpstreamRoot> UpstreamRoot::create(const std::string& root_file) {
  const auto root = ca::create_authority(now_s());
  if (!root) {
    return root.error();
  }
  KS_TRY(write_file(root_file, root->certificate_pem, kPrivateMode));
  auto authority = ca::Authority::open(root->key_der, root->certificate_pem, now_s());
  if (!authority) {
    return authority.error();
  }
  auto key = ca::LeafKey::create();
  if (!key) {
    return key.error();
  }
  return UpstreamRoot(std::move(authority).value(), std::move(key).value());
}

base::Result<std::shared_ptr<const ca::Leaf>> UpstreamRoot::leaf(const std::string& host) const {
  return ca::mint_leaf(*authority_, key_, host, /*host_is_ip=*/false, now_s());
}

Outcome<PlaygroundProxy> start_playground_proxy(const Home& home,
                                                const sigset_t& signal_mask,
                                                ProxyStderr said) {
  auto output = make_pipe();
  if (!output) {
    return output.failure();
  }
  Variables environment = inherited_environment();
  environment.erase("NOTIFY_SOCKET");
  Launch serve;
  serve.words = {kOwnProgram,
                 "serve",
                 "--home",
                 home.path,
                 "--listen",
                 "127.0.0.1:0",
                 "--threads",
                 "1",
                 "--bindings",
                 home.bindings(),
                 "--password-file",
                 home.key()};
  serve.environment = &environment;
  serve.inherits = said == ProxyStderr::shown ? Inherits::standard : Inherits::nothing;
  serve.output = output->write_end.descriptor();
  serve.signal_mask = signal_mask;
  const auto started = launch(serve);
  output->write_end.close();
  if (!started) {
    return cannot("no proxy: " + explain(started.error()));
  }
  PlaygroundProxy proxy{*started, ""};
  auto address = read_ready_address(output->read_end.descriptor(), kStartMs);
  if (!address) {
    end(proxy);
    return cannot("the proxy did not start");
  }
  proxy.address = *std::move(address);
  return proxy;
}

bool stop_playground_proxy(PlaygroundProxy& proxy) {
  if (proxy.pid == 0) {
    return true;
  }
  kill(proxy.pid, SIGTERM);
  const auto ended = wait_for_end(proxy.pid, kStopMs);
  if (!ended) {
    end(proxy);
  }
  proxy.pid = 0;
  return ended && shell_status(*ended) == 0;
}

}  // namespace keyswap::cli
