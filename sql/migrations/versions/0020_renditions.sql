set local role platform_admin;

alter table silver.mars_photos add column rendition_url text collate "C";

reset role;
