// Node's own SSLs as JavaScript sees them: OpenSSL's calls one for one, and the evidence, as functions of an id. Every
// call checks that the SSL still lives; arguments are checked here too, for lib/ is not the only thing that can go
// wrong.
//
// There is no object per SSL: one costs more, with its finalizer, than all the calls that most connections need. An id
// is given by find() and its like, and given back by release(); the observation behind it outlives the SSL until then.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "native/node/observation.h"

namespace close_notify::binding {

class NodeSsls {
 public:
  // Another id for each call, also for the same SSL.
  uint32_t add(std::shared_ptr<node::Observation> observation);
  // Null for an id that was not given, or was given back.
  node::Observation* find(uint32_t id) const;
  void release(uint32_t id);
  // Ids that were given and not given back.
  size_t held() const { return observations_.size() - vacant_.size(); }

 private:
  std::vector<std::shared_ptr<node::Observation>> observations_;
  std::vector<uint32_t> vacant_;
};

// The object `ssl` of the addon's exports.
Napi::Object define_node_ssl(Napi::Env env);

}  // namespace close_notify::binding
