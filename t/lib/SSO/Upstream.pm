# SPDX-License-Identifier: Apache-2.0
# The application behind the module (t/op/upstream.mjs): says in JSON what reached it.
package SSO::Upstream;
use strict;
use warnings;

use parent -norequire, 'SSO::OP';
use SSO::OP;

sub new { my ($class, %config) = @_; return $class->_start('upstream', \%config) }
sub port { my ($self) = @_; return ($self->origin =~ /:(\d+)$/)[0] }

1;
