-- How large the sample is that octavo demo gave: two sizes do not go into one organization.

alter table octavo.sample_data add column size text not null default 'small' check (size in ('small', 'medium', 'large'));
