# SPDX-License-Identifier: Apache-2.0
# The demo's parts wired together: for ./dev demo and for the browser's tests.
package SSO::Demo;
use strict;
use warnings;

use SSO::Httpd;
use SSO::OP;

# new(port => N): provider, two applications and httpd, started.
sub new {
    my ($class, %args) = @_;
    my $self = bless {}, $class;
    $self->{httpd} = SSO::Httpd->new(host => 'localhost', $args{port} ? (port => $args{port}) : ());
    $self->{op} = SSO::OP->real({name => 'localhost', origin => $self->{httpd}->origin});
    $self->{app} = SSO::OP->_start('../demo/app', {});
    my @keys = ('http://127.0.0.1:' . $self->{httpd}->port . '/sso/jwks', '/api/v1/system/config/jwks');
    $self->{om} = SSO::OP->_start('openmetadata', {base => '/openmetadata',
        publicUrl => $self->{httpd}->url('/openmetadata'),
        authentication => {clientType => 'public', publicKeyUrls => \@keys}});
    $self->{httpd}->conf(sprintf "Define ISSUER %s\nDefine APP %s\nDefine OM %s\nInclude %s\n", $self->{op}->issuer,
        $self->{app}->origin, $self->{om}->origin, "$SSO::Httpd::top/t/demo/site.conf");
    $self->{httpd}->start;
    return $self;
}

sub httpd { $_[0]{httpd} }
sub op { $_[0]{op} }
sub url { my ($self, $path) = @_; return $self->{httpd}->url($path) }
sub stop { my ($self) = @_; my @left = $self->{httpd}->stop; $_->stop for @$self{qw(op app om)}; return @left }

1;
