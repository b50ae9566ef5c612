// Node's own SSL objects, as other code of the process may treat them: SSL_dup(3). On the process's OpenSSL alone.
#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "native/node/registry.h"
#include "native/platform/dynamic.h"
#include "test/native/harness/check.h"
#include "test/native/harness/pair.h"
#include "test/native/harness/setup.h"

namespace close_notify::test {
namespace {

using node::Registry;
using openssl::Bio;

constexpr int kBioCtrlDup = 12;

bool is_own_library() {
  const auto* own = std::get_if<const Library*>(&Library::of_process());
  return own != nullptr && *own == &library() && library().kind() == openssl::LibraryKind::kOpenSsl;
}

const Registry& registry() {
  const std::string text = library().version();  // OpenSSL 3.0.19 27 Jan 2026
  const std::string rest = text.substr(std::strlen("OpenSSL "));
  const auto& started = Registry::of_process(rest.substr(0, rest.find(' ')));
  if (const auto* unavailable = std::get_if<openssl::Unavailable>(&started)) {
    throw std::runtime_error(unavailable->reason);
  }
  return std::get<Registry>(started);
}

openssl::Ssl* dup(openssl::Ssl* ssl) {
  const auto function = reinterpret_cast<openssl::Ssl* (*)(openssl::Ssl*)>(platform::process_symbol("SSL_dup"));
  openssl::Ssl* copy = function(ssl);
  CHECK(copy != nullptr && copy != ssl);
  return copy;
}

// A BIO that is Node's by its name: is_node_socket() asks no more.
std::map<const Bio*, Buffer>& bytes_of_bios() {
  static std::map<const Bio*, Buffer> all;
  return all;
}

int read_bio(Bio* bio, char* target, int length) {
  Buffer& bytes = bytes_of_bios()[bio];
  library().functions().BIO_clear_flags(bio, 0xf);
  if (bytes.empty()) {
    library().functions().BIO_set_flags(bio, openssl::kBioFlagsRead | openssl::kBioFlagsShouldRetry);
    return -1;
  }
  const auto count = std::min(bytes.size(), static_cast<size_t>(length));
  std::memcpy(target, bytes.data(), count);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
  return static_cast<int>(count);
}

int write_bio(Bio* bio, const char* bytes, int length) {
  Buffer& all = bytes_of_bios()[bio];
  all.insert(all.end(), bytes, bytes + length);
  return length;
}

long control_bio(Bio*, int command, long, void*) {
  return command == openssl::kBioCtrlFlush || command == kBioCtrlDup ? 1 : 0;
}

void give_node_bios(openssl::Ssl* ssl) {
  const auto& f = library().functions();
  static const engine::Owned<openssl::BioMethod> method = [&f] {
    engine::Owned<openssl::BioMethod> made(f.BIO_meth_new(0x4ff, "node.js SSL buffer"), {f.BIO_meth_free});
    f.BIO_meth_set_read(made.get(), &read_bio);
    f.BIO_meth_set_write(made.get(), &write_bio);
    f.BIO_meth_set_ctrl(made.get(), &control_bio);
    return made;
  }();
  Bio* const input = f.BIO_new(method.get());
  Bio* const output = f.BIO_new(method.get());
  for (Bio* bio : {input, output}) {
    f.BIO_set_init(bio, 1);
    bytes_of_bios()[bio] = {};
  }
  f.SSL_set_bio(ssl, input, output);
}

int calls_of_node = 0;
void count_call(const openssl::Ssl*, int, int) { calls_of_node++; }

// Lets a client that has Node's BIOs shake hands with a server of the engine, and gives its Finished message.
Buffer finish(openssl::Ssl* client, const std::shared_ptr<SslContext>& context) {
  const auto& f = library().functions();
  const auto& node = registry().openssl();
  const auto server = Ssl::create(context);
  f.SSL_set_connect_state(client);
  for (int flight = 0; flight < 4; flight++) {
    static_cast<void>(f.SSL_do_handshake(client));
    Buffer& sent = bytes_of_bios()[node.SSL_get_wbio(client)];
    server->transport().feed(sent);
    sent.clear();
    static_cast<void>(server->do_handshake());
    bytes_of_bios()[node.SSL_get_rbio(client)] = take_output(*server);
  }
  CHECK_EQ(f.SSL_in_init(client), 0);
  Buffer finished(64);
  finished.resize(node.SSL_get_finished(client, finished.data(), finished.size()));
  return finished;
}

TEST("a copy by SSL_dup has a record of its own, whichever of the two is freed first") {
  if (!is_own_library()) return;
  const auto& f = library().functions();
  const Contexts made = contexts(kTls13);
  const size_t before = registry().counts().live;
  for (const bool original_first : {true, false}) {
    for (const bool is_met : {false, true}) {
      openssl::Ssl* const original = f.SSL_new(made.client->get());
      give_node_bios(original);
      if (is_met) static_cast<void>(registry().find(pattern(32).data(), 32));
      openssl::Ssl* const copy = dup(original);
      openssl::Ssl* const copy_of_copy = dup(copy);
      CHECK_EQ(registry().counts().live, before + 3);
      f.SSL_free(original_first ? original : copy);
      CHECK_EQ(registry().counts().live, before + 2);
      if (is_met) static_cast<void>(registry().find(pattern(32).data(), 32));
      f.SSL_free(original_first ? copy : original);
      f.SSL_free(copy_of_copy);
      CHECK_EQ(registry().counts().live, before);
    }
  }
}

TEST("a copy by SSL_dup is found by its Finished message, and Node's info callback is called for it once") {
  if (!is_own_library()) return;
  const auto& f = library().functions();
  const auto& node = registry().openssl();
  for (const int version : kBothTls) {
    for (const bool is_met : {false, true}) {
      const Contexts made = contexts(version);
      openssl::Ssl* const original = f.SSL_new(made.client->get());
      node.SSL_set_info_callback(original, &count_call);
      give_node_bios(original);
      if (is_met) static_cast<void>(registry().find(pattern(32).data(), 32));
      openssl::Ssl* const copy = dup(original);
      give_node_bios(copy);
      if (is_met) static_cast<void>(registry().find(pattern(32).data(), 32));
      calls_of_node = 0;
      const Buffer finished = finish(copy, made.server);
      CHECK(calls_of_node > 0);
      const auto observed = registry().find(finished.data(), finished.size());
      CHECK(observed != nullptr);
      CHECK_EQ(observed->ssl(), copy);
      const Buffer others = finish(original, made.server);
      const auto other = registry().find(others.data(), others.size());
      CHECK(other != nullptr && other != observed);
      CHECK_EQ(other->ssl(), original);

      f.SSL_free(original);
      CHECK(other->ssl() == nullptr);
      CHECK_EQ(registry().find(finished.data(), finished.size()), observed);
      CHECK_EQ(f.SSL_shutdown(copy), 0);
      CHECK_EQ(observed->alerts().size(), size_t{1});
      f.SSL_free(copy);
      CHECK(observed->ssl() == nullptr);
      CHECK(registry().find(finished.data(), finished.size()) == nullptr);
    }
  }
}

std::shared_ptr<node::Observation> seen_running;
void note_running(const openssl::Ssl*, int, int) { seen_running = registry().running(); }

TEST("an SSL whose handshake is not done is found as the newest, and as the one that runs, as long as it is there") {
  if (!is_own_library()) return;
  const auto& f = library().functions();
  const auto& node = registry().openssl();
  const Contexts made = contexts(kTls13);
  const uint64_t before = registry().counts().made;
  openssl::Ssl* const older = f.SSL_new(made.client->get());
  openssl::Ssl* const newer = f.SSL_new(made.client->get());
  CHECK_EQ(registry().counts().made, before + 2);
  for (openssl::Ssl* const ssl : {older, newer}) {
    node.SSL_set_info_callback(ssl, &note_running);
    give_node_bios(ssl);
  }
  const auto newest = registry().newest();
  CHECK(newest != nullptr);
  CHECK_EQ(newest->ssl(), newer);
  CHECK(registry().running() == nullptr);
  f.SSL_set_connect_state(older);
  static_cast<void>(f.SSL_do_handshake(older));
  CHECK(seen_running != nullptr);
  CHECK_EQ(seen_running->ssl(), older);
  CHECK(registry().running() == nullptr);
  f.SSL_free(newer);
  CHECK(newest->ssl() == nullptr);
  CHECK(registry().newest() == nullptr);
  f.SSL_free(older);
  CHECK(seen_running->ssl() == nullptr);
  seen_running.reset();

  // Not one of Node's sockets.
  openssl::Ssl* const foreign = f.SSL_new(made.client->get());
  CHECK(registry().newest() == nullptr);
  f.SSL_free(foreign);
  CHECK_EQ(registry().counts().made, before + 3);
}

TEST("a copy by SSL_dup belongs to the thread that made it, and each may be freed in the other's") {
  if (!is_own_library()) return;
  const auto& f = library().functions();
  const Contexts made = contexts(kTls13);
  const size_t before = registry().counts().live;
  openssl::Ssl* const original = f.SSL_new(made.client->get());
  openssl::Ssl* copy = nullptr;
  size_t theirs = 0;
  std::thread([&] {
    copy = dup(original);
    theirs = registry().counts().live;
  }).join();
  CHECK_EQ(theirs, size_t{1});
  CHECK_EQ(registry().counts().live, before + 1);
  f.SSL_free(copy);
  std::thread([&] { f.SSL_free(original); }).join();
  CHECK_EQ(registry().counts().live, before);
}

TEST("threads that copy SSLs by SSL_dup and search at once do not disturb each other") {
  if (!is_own_library()) return;
  const auto& f = library().functions();
  const Contexts made = contexts(kTls13);
  const size_t before = registry().counts().live;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&] {
      openssl::Ssl* const original = f.SSL_new(made.client->get());
      for (int round = 0; round < 200; round++) {
        openssl::Ssl* const copy = dup(original);
        static_cast<void>(registry().find(pattern(32).data(), 32));
        f.SSL_free(copy);
      }
      f.SSL_free(original);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK_EQ(registry().counts().live, before);
}

std::vector<openssl::Ssl*> made_ssls;
void note_made(void* parent, void*, openssl::ExData*, int, long, void*) {
  made_ssls.push_back(static_cast<openssl::Ssl*>(parent));
}

TEST("an SSL of the engine that somebody else still counts after its end can be used and freed by them") {
  if (!is_own_library()) return;
  const auto& f = library().functions();
  const auto dup = reinterpret_cast<openssl::Ssl* (*)(openssl::Ssl*)>(platform::process_symbol("SSL_dup"));
  static const int noted =
      registry().openssl().CRYPTO_get_ex_new_index(openssl::kExIndexSsl, 0, nullptr, note_made, nullptr, nullptr);
  CHECK(noted >= 0);
  for (const int version : kBothTls) {
    for (const size_t first_bytes : {size_t{1}, size_t{100}, SIZE_MAX}) {
      made_ssls.clear();
      openssl::Ssl* client = nullptr;
      openssl::Ssl* server = nullptr;
      openssl::Ssl* copy = nullptr;
      {
        const Contexts made = contexts(version);
        CHECK_EQ(made.server->set_alpn(Buffer{2, 'h', '2'}), 1);
        CHECK_EQ(made.client->set_alpn(Buffer{2, 'h', '2'}), 1);
        Pair pair = pair_of(made);
        client = made_ssls.at(0);
        server = made_ssls.at(1);
        // Before the handshake SSL_dup makes a copy, or fails on our BIO.
        copy = dup(client);
        static_cast<void>(openssl::drain_error_queue(f));
        static_cast<void>(pair.client->do_handshake());
        if (first_bytes > 1) move(*pair.client, *pair.server, first_bytes);
        static_cast<void>(pair.server->do_handshake());
        CHECK(dup(client) == client);
        CHECK(dup(server) == server);
      }
      // Nobody is there to read from or write to.
      if (copy != nullptr) give_node_bios(copy);
      for (openssl::Ssl* ssl : {client, server, copy}) {
        if (ssl == nullptr) continue;
        char byte = 0;
        static_cast<void>(f.SSL_do_handshake(ssl));
        CHECK(f.SSL_read(ssl, &byte, 1) <= 0);
        static_cast<void>(f.SSL_shutdown(ssl));
        static_cast<void>(openssl::drain_error_queue(f));
        f.SSL_free(ssl);
      }
    }
  }
}

}  // namespace
}  // namespace close_notify::test
